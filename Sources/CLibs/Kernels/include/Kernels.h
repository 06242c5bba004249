#pragma once
#include "file_lock.h"
#include "thread_mark.h"
