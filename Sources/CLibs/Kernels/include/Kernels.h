#pragma once
#include "file_lock.h"
#include "kernels.h"
#include "thread_mark.h"
