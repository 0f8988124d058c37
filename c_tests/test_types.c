/* The types of columns: a schema that the host gives, dictionaries, and the columns that are appended. */
#include "check.h"

static bytes file;
static pqpush_metadata *metadata;

#define WITH(...) (&(pqpush_scan_options){.struct_size = sizeof(pqpush_scan_options), __VA_ARGS__})

static int schemas_released;

static void count_release(struct ArrowSchema *schema) {
  schemas_released++;
  schema->release = NULL;
}

/* A nullable field whose strings live as long as the program. */
static struct ArrowSchema field(const char *name, const char *format) {
  return (struct ArrowSchema){.format = format, .name = name, .flags = ARROW_FLAG_NULLABLE, .release = count_release};
}

static struct ArrowSchema record(struct ArrowSchema **fields, int64_t count) {
  return (struct ArrowSchema){.format = "+s", .n_children = count, .children = fields, .release = count_release};
}

static void columns_have_the_types_asked_for(void) {
  struct ArrowSchema strings = field(NULL, "u"), name = field("name", "s"), price = field("price", "d:15,2,64");
  struct ArrowSchema at = field("at", "tsn:Europe/Berlin"), *fields[] = {&name, &price, &at};
  name.dictionary = &strings;
  struct ArrowSchema wanted = record(fields, 3), schema;
  pqpush_decoder *decoder = new_decoder(metadata, WITH(.schema = &wanted));
  CHECK_INT(schemas_released, 0); /* borrowed */
  memset(fields, 0, sizeof fields); /* and not needed any more */
  CHECK_OK(pqpush_decoder_schema(decoder, &schema, &err));
  CHECK_INT(schema.n_children, 5);
  CHECK_TEXT(schema.children[0]->format, "l");
  CHECK_TEXT(schema.children[1]->format, "s");
  CHECK(schema.children[1]->dictionary != NULL);
  CHECK_TEXT(schema.children[1]->dictionary->format, "u");
  CHECK_TEXT(schema.children[2]->format, "d:15,2,64");
  CHECK_INT(schema.children[2]->flags & ARROW_FLAG_NULLABLE, ARROW_FLAG_NULLABLE);
  CHECK_TEXT(schema.children[3]->format, "tsn:Europe/Berlin");
  CHECK_TEXT(schema.children[4]->format, "b");
  schema.release(&schema);
  struct ArrowArray batch;
  int64_t row_count = 0;
  while (next_batch(decoder, file, &batch)) {
    for (int64_t row = 0; row < batch.length; row++, row_count++) {
      CHECK_INT(int64_at(batch.children[2], row), row_count * 100 + 7);
      CHECK_INT(int64_at(batch.children[3], row), row_count * 1000000000);
    }
    batch.release(&batch);
  }
  CHECK_INT(row_count, 1000);
  pqpush_decoder_free(decoder);
}

static void refused(const char *text, const struct ArrowSchema *schema) {
  pqpush_decoder *decoder = CHECK_UNSET;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, text,
                   pqpush_decoder_new(metadata, WITH(.schema = schema), &decoder, &err));
  CHECK(decoder == NULL);
}

static void refused_field(const char *text, struct ArrowSchema wanted) {
  struct ArrowSchema *fields[] = {&wanted}, schema = record(fields, 1);
  refused(text, &schema);
}

static void schemas_that_cannot_be_met(void) {
  struct ArrowSchema not_null = field("name", "u"), *none[] = {NULL}, *fields[2];
  not_null.flags = 0;
  refused_field("name", not_null);
  refused_field("column \"id\"", field("id", "i"));
  refused_field("nowhere", field("nowhere", "l"));
  refused_field("options.schema", field("id", "?"));
  refused_field("format is NULL", field("id", NULL));
  refused_field("UTF-8", field("\xC3", "l"));
  refused_field("+l with 0 children", field("id", "+l"));
  refused_field("released", (struct ArrowSchema){.format = "l"});
  struct ArrowSchema id = field("id", "l"), at = field("at", "l"), schema = record(NULL, 1);
  refused("children are NULL", &schema);
  schema.children = none;
  refused("child is NULL", &schema);
  schema.n_children = -1;
  refused("negative", &schema);
  refused("options.schema", &id); /* no struct */
  fields[0] = &at, fields[1] = &id;
  at.format = "tsu:UTC";
  schema = record(fields, 2);
  refused("behind", &schema);
  struct ArrowSchema endless = field("id", "+l"), *itself[] = {&endless};
  endless.children = itself, endless.n_children = 1;
  refused_field("deeper", endless);
}

static void dictionaries_are_kept_on_request(void) {
  pqpush_decoder *decoder = new_decoder(metadata, WITH(.dictionary = 1, .batch_rows = 100));
  struct ArrowSchema schema;
  CHECK_OK(pqpush_decoder_schema(decoder, &schema, &err));
  CHECK_TEXT(schema.children[1]->format, "i");
  CHECK_TEXT(schema.children[1]->dictionary->format, "u");
  CHECK(schema.children[0]->dictionary == NULL);
  schema.release(&schema);
  struct ArrowArray batch;
  int64_t id = 0;
  while (next_batch(decoder, file, &batch)) {
    const struct ArrowArray *name = batch.children[1], *values = name->dictionary;
    CHECK(values != NULL && name->n_buffers == 2);
    for (int64_t row = 0; row < batch.length; row++, id++) {
      CHECK_INT(is_valid(name, row), id % 5 != 0);
      int32_t key = ((const int32_t *)name->buffers[1])[name->offset + row];
      CHECK(key >= 0 && key < values->length);
      if (id % 5 == 0) {
        continue;
      }
      const int32_t *ends = (const int32_t *)values->buffers[1] + values->offset + key;
      char expected[32];
      int length = snprintf(expected, sizeof expected, "name-%" PRId64, id);
      CHECK_INT(ends[1] - ends[0], length);
      CHECK(memcmp((const char *)values->buffers[2] + ends[0], expected, (size_t)length) == 0);
    }
    batch.release(&batch);
  }
  CHECK_INT(id, 1000);
  pqpush_decoder_free(decoder);
}

static void rows_know_where_they_stand(void) {
  static const uint32_t groups[] = {2, 0};
  const pqpush_str column = str("flag");
  const uint32_t flags = PQPUSH_SCAN_ROW_NUMBERS | PQPUSH_SCAN_ROW_GROUP_INDEX | PQPUSH_SCAN_IGNORE_ARROW_SCHEMA;
  pqpush_decoder *decoder = new_decoder(metadata, WITH(.flags = flags, .columns = &column, .column_count = 1,
                                                       .row_groups = groups, .row_group_count = 2));
  struct ArrowSchema schema;
  CHECK_OK(pqpush_decoder_schema(decoder, &schema, &err));
  CHECK_INT(schema.n_children, 3);
  CHECK_TEXT(schema.children[1]->name, "row_number");
  CHECK_TEXT(schema.children[2]->name, "row_group_index");
  CHECK_TEXT(schema.children[1]->format, "l");
  schema.release(&schema);
  struct ArrowArray batch;
  int64_t rows = 0;
  while (next_batch(decoder, file, &batch)) {
    for (int64_t row = 0; row < batch.length; row++, rows++) {
      int64_t number = rows < 200 ? 800 + rows : rows - 200;
      CHECK_INT(int64_at(batch.children[1], row), number);
      CHECK_INT(int64_at(batch.children[2], row), number / 400);
    }
    batch.release(&batch);
  }
  CHECK_INT(rows, 600);
  pqpush_decoder_free(decoder);
}

int main(int argc, char **argv) {
  file = load(fixtures(argc, argv), "table.parquet");
  metadata = read_metadata(file);
  columns_have_the_types_asked_for();
  schemas_that_cannot_be_met();
  CHECK_INT(schemas_released, 0);
  dictionaries_are_kept_on_request();
  rows_know_where_they_stand();
  pqpush_metadata_free(metadata);
  free(file.data);
  return 0;
}
