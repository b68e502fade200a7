#pragma once

#include "sim/core/suggest.h"
