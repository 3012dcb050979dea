// What Lua uses of the C library and WASI lacks.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#define system(command) (-1)
#define tmpnam(buffer) ((char *)NULL)
#define tmpfile() ((FILE *)NULL)
