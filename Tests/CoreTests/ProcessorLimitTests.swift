import Core
import Foundation
import Testing

@Suite struct ProcessorLimitTests {
  private func limit(
    _ affinity: Int, _ files: [String: String] = [:], slurm: String? = nil, openMP: String? = nil
  ) -> ProcessorLimit {
    let environment = ["SLURM_CPUS_PER_TASK": slurm, "OMP_NUM_THREADS": openMP].compactMapValues { $0 }
    return ProcessorLimit(affinity: affinity, environment: environment, read: { files[$0] })
  }

  @Test func theLeastLimitCounts() {
    #expect(limit(8).count == 8 && limit(8).source == .affinity)
    #expect(limit(8, slurm: "3") == limit(3, slurm: "3") || limit(8, slurm: "3").source == .slurm)
    #expect(limit(8, slurm: "3").count == 3)
    #expect(limit(2, slurm: "16").count == 2)
    #expect(limit(0).count == 1)
    #expect(limit(8, slurm: "6", openMP: " 4 , 2").count == 4 && limit(8, openMP: "4").source == .openMP)
    for nonsense in ["", "0", "-4", "many", ","] {
      #expect(limit(8, slurm: nonsense).count == 8 && limit(8, openMP: nonsense).count == 8)
    }
  }

  @Test func quotasOfVersion2CountAtEveryLevel() {
    let group = ["/proc/self/cgroup": "0::/slice/job\n"]
    func with(_ files: [String: String]) -> Int { limit(16, group.merging(files) { $1 }).count }
    #expect(with(["/sys/fs/cgroup/slice/job/cpu.max": "max 100000\n"]) == 16)
    #expect(with(["/sys/fs/cgroup/slice/job/cpu.max": "250000 100000\n"]) == 3)
    #expect(
      with(["/sys/fs/cgroup/slice/cpu.max": "200000 100000", "/sys/fs/cgroup/slice/job/cpu.max": "max 100000"]) == 2)
    #expect(with(["/sys/fs/cgroup/cpu.max": "50000 100000"]) == 1)
    for damaged in ["", "x y", "100000", "100000 0", "-1 100000"] {
      #expect(with(["/sys/fs/cgroup/slice/job/cpu.max": damaged]) == 16, "\(damaged)")
    }
  }

  @Test func quotasOfVersion1Count() {
    let files = [
      "/proc/self/cgroup": "5:cpu,cpuacct:/docker/x\n1:memory:/\n",
      "/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "400000\n",
      "/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    ]
    #expect(limit(16, files) == limit(16, files) && limit(16, files).count == 4)
    #expect(limit(16, files).source == .quota)
  }
}

@Suite struct SHA256Tests {
  /// FIPS 180-4's examples, and the lengths around a block's padding (hashlib).
  @Test func knownDigests() {
    let known = [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (String(repeating: "a", count: 55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
      (String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
    ]
    for (text, digest) in known { #expect(SHA256.hex(of: Data(text.utf8)) == digest) }
  }
}

@Suite struct RunControlTests {
  @Test func aPauseForgetsNoStop() {
    let control = RunControl()
    control.wish = .stopAfterEpoch
    control.wish = .pause
    #expect(control.wish == .pause)
    control.wish = .proceed
    #expect(control.wish == .stopAfterEpoch)
    control.wish = .proceed
    #expect(control.wish == .proceed)
    control.wish = .pause
    control.wish = .stopNow
    #expect(control.wish == .stopNow)
  }

  @Test func goingOnBeforeAStopIsSafeWhetherPausedOrNot() {
    for isPaused in [true, false] {
      let control = RunControl()
      control.wish = .stopAfterEpoch
      if isPaused { control.wish = .pause }
      for wish in [RunControl.Wish.proceed, .stopAfterEpoch] { control.wish = wish }
      #expect(control.wish == .stopAfterEpoch)
    }
  }
}
