// For MiniSat, which reads its input through zlib: the files here are not compressed.
#pragma once
#include <stdio.h>
typedef FILE *gzFile;
#define gzopen(path, mode) fopen(path, mode)
#define gzdopen(descriptor, mode) fdopen(descriptor, mode)
#define gzread(file, buffer, len) ((int)fread(buffer, 1, len, file))
#define gzclose(file) fclose(file)
