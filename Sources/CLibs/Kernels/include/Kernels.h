#pragma once
#include "embedding.h"
#include "file_lock.h"
#include "kernels.h"
#include "thread_mark.h"
