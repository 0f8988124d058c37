/* --schema and --meta: what the metadata says, without reading a page. */
#ifndef PQCAT_FACTS_H
#define PQCAT_FACTS_H

#include "file.h"

/* Both return 0 or the exit status of a told error. */
int print_schema(const parquet_file *file);
int print_meta(const parquet_file *file);

#endif
