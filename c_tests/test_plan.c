/* Plans: tasks that several threads read, plans in words, the rows of a plan as a selection. table.parquet has the ids 0 to
 * 999 in order, in row groups of 400, 400 and 200 rows. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4 };

static bytes file;
static pqpush_metadata *metadata;

static pqpush_plan *new_plan(const pqpush_scan_options *options, uint64_t target_rows) {
  pqpush_plan *plan = CHECK_UNSET;
  CHECK_OK(pqpush_plan_new(metadata, options, target_rows, &plan, &err));
  return plan;
}

static pqpush_task task_of(const pqpush_plan *plan, size_t index) {
  pqpush_task task = {.struct_size = sizeof task};
  CHECK_OK(pqpush_plan_task(plan, index, &task, &err));
  return task;
}

static pqpush_decoder *decoder_of(const pqpush_plan *plan, size_t index) {
  pqpush_decoder *decoder = CHECK_UNSET;
  CHECK_OK(pqpush_plan_decoder(plan, index, &decoder, &err));
  return decoder;
}

static pqpush_predicate *parsed(const char *sql) {
  pqpush_predicate *predicate = CHECK_UNSET;
  CHECK_OK(pqpush_predicate_parse(str(sql), &predicate, &err));
  return predicate;
}

/* Rows are written to `ids` in their order; returns how many there are. */
static int64_t read_ids(pqpush_decoder *decoder, int64_t *ids) {
  int64_t rows = 0;
  struct ArrowArray batch;
  while (next_batch(decoder, file, &batch)) {
    for (int64_t row = 0; row < batch.length; row++) {
      ids[rows + row] = int64_at(batch.children[0], row);
    }
    rows += batch.length;
    batch.release(&batch);
  }
  pqpush_decoder_free(decoder);
  return rows;
}

static void tasks_cover_the_scan_in_order(void) {
  pqpush_scan_options options = {.struct_size = sizeof options, .batch_rows = 50, .offset = 10, .limit = 975};
  for (uint64_t target = 0; target <= 1000; target += 125) {
    pqpush_plan *plan = new_plan(&options, target);
    size_t count = pqpush_plan_task_count(plan);
    CHECK(count >= 3 && count <= 20);
    int64_t ids[1000], rows = 0;
    for (size_t i = 0; i < count; i++) {
      pqpush_task task = task_of(plan, i);
      CHECK(task.row_group < 3 && task.row_count > 0 && task.byte_size > 0);
      CHECK(task.first_row + task.row_count <= 400);
      int64_t read = read_ids(decoder_of(plan, i), ids + rows);
      CHECK_INT(read, task.selected_rows);
      rows += read;
    }
    CHECK_INT(rows, 975);
    for (int64_t row = 0; row < rows; row++) {
      CHECK_INT(ids[row], row + 10);
    }
    pqpush_plan_free(plan);
  }
}

static void wrong_calls_are_refused(void) {
  pqpush_plan *plan = CHECK_UNSET;
  pqpush_decoder *none = CHECK_UNSET;
  pqpush_task task = {.struct_size = sizeof task};
  pqpush_str text = str("x");
  const pqpush_row_run *runs = CHECK_UNSET;
  size_t count = 3;
  const pqpush_str unknown = str("nothing");
  pqpush_scan_options wrong = {.struct_size = sizeof wrong, .columns = &unknown, .column_count = 1};
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_new(NULL, NULL, 1000, &plan, &err));
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "nothing", pqpush_plan_new(metadata, &wrong, 1000, &plan, &err));
  CHECK(plan == NULL);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_new(metadata, NULL, 1000, NULL, &err));
  CHECK_INT(pqpush_plan_task_count(NULL), 0);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_task(NULL, 0, &task, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_decoder(NULL, 0, &none, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_explain(NULL, &text, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_row_selection(NULL, &runs, &count, &err));
  CHECK(none == NULL && text.data == NULL && text.length == 0 && runs == NULL && count == 0);
  plan = new_plan(NULL, 0);
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "3 tasks", pqpush_plan_task(plan, 3, &task, &err));
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "3 tasks", pqpush_plan_decoder(plan, SIZE_MAX, &none, &err));
  CHECK(task.row_count == 0 && none == NULL);
  task.struct_size = 40; /* a host of the first release */
  CHECK_OK(pqpush_plan_task(plan, 1, &task, &err));
  CHECK(task.row_group == 1 && task.row_count == 400 && task.selected_rows == 0);
  pqpush_plan_free(plan);
  pqpush_plan_free(NULL);
}

static void a_plan_prunes_explains_and_gives_its_rows(void) {
  pqpush_predicate *predicate = parsed("id >= 450 AND id < 460");
  const pqpush_predicate *list[] = {predicate};
  const pqpush_str id = str("id");
  pqpush_scan_options options = {.struct_size = sizeof options,
                                 .columns = &id,
                                 .column_count = 1,
                                 .predicates = list,
                                 .predicate_count = 1};
  pqpush_plan *plan = new_plan(&options, 0);
  CHECK_INT(pqpush_plan_task_count(plan), 1);
  CHECK_INT(task_of(plan, 0).row_group, 1);
  pqpush_metrics metrics = {.struct_size = sizeof metrics};
  CHECK_OK(pqpush_plan_metrics(plan, &metrics, &err));
  CHECK(metrics.row_groups_total == 3 && metrics.row_groups_pruned == 2 && metrics.rows_pruned_by_stats == 600);

  pqpush_str text = {NULL, 0}, again = {NULL, 0};
  CHECK_OK(pqpush_plan_explain(plan, &text, &err));
  CHECK_OK(pqpush_plan_explain(plan, &again, &err));
  CHECK(text.data == again.data);
  char copy[4096] = {0};
  CHECK(text.length < sizeof copy);
  memcpy(copy, text.data, text.length);
  CHECK(strstr(copy, "predicate 1: id >= 450 AND id < 460\n") != NULL);
  CHECK(strstr(copy, "row group 2: none of 200 rows; 200 ruled out by statistics") != NULL);

  const pqpush_row_run *runs = NULL;
  size_t count = 0;
  CHECK_OK(pqpush_plan_row_selection(plan, &runs, &count, &err));
  uint64_t rows = 0, selected = 0;
  for (size_t i = 0; i < count; i++) {
    rows += runs[i].row_count;
    selected += runs[i].select ? runs[i].row_count : 0;
  }
  CHECK(rows == 1000 && selected >= 10 && selected <= 400);
  options.row_selection = runs;
  options.row_selection_count = count;
  int64_t ids[1000];
  CHECK_INT(read_ids(new_decoder(metadata, &options), ids), 10);
  CHECK_INT(ids[0], 450);
  options.predicate_count = 0;
  CHECK_INT(read_ids(new_decoder(metadata, &options), ids), (int64_t)selected);
  /* the decoder of a task outlives plan and predicate */
  pqpush_decoder *decoder = decoder_of(plan, 0);
  pqpush_plan_free(plan);
  pqpush_predicate_free(predicate);
  CHECK_INT(read_ids(decoder, ids), 10);
}

static void a_limit_behind_predicates_is_one_task(void) {
  pqpush_predicate *predicate = parsed("name LIKE '%7'");
  const pqpush_predicate *list[] = {predicate};
  pqpush_scan_options options = {
      .struct_size = sizeof options, .predicates = list, .predicate_count = 1, .offset = 35, .limit = 30};
  pqpush_plan *plan = new_plan(&options, 10);
  CHECK_INT(pqpush_plan_task_count(plan), 1);
  CHECK(task_of(plan, 0).row_group == UINT64_MAX);
  int64_t ids[1000];
  CHECK_INT(read_ids(decoder_of(plan, 0), ids), 30);
  CHECK(ids[0] == 357 && ids[29] == 647);
  pqpush_plan_free(plan);
  pqpush_predicate_free(predicate);
}

/* ---- several threads ---- */

typedef struct work {
  const pqpush_plan *plan;
  atomic_size_t next;
  atomic_int_fast64_t rows, sum;
} work;

static void *read_tasks(void *argument) {
  work *work = argument;
  for (size_t i; (i = atomic_fetch_add(&work->next, 1)) < pqpush_plan_task_count(work->plan);) {
    int64_t ids[1000];
    int64_t rows = read_ids(decoder_of(work->plan, i), ids);
    atomic_fetch_add(&work->rows, rows);
    for (int64_t row = 0; row < rows; row++) {
      atomic_fetch_add(&work->sum, ids[row]);
    }
    pqpush_str text;
    const pqpush_row_run *runs;
    size_t count;
    CHECK_OK(pqpush_plan_explain(work->plan, &text, &err));
    CHECK_OK(pqpush_plan_row_selection(work->plan, &runs, &count, &err));
  }
  return NULL;
}

static void threads_share_a_plan(void) {
  pqpush_predicate *predicate = parsed("flag AND id >= 100");
  const pqpush_predicate *list[] = {predicate};
  pqpush_scan_options options = {
      .struct_size = sizeof options, .batch_rows = 20, .predicates = list, .predicate_count = 1};
  pqpush_plan *plan = new_plan(&options, 40);
  pqpush_predicate_free(predicate);
  work work = {.plan = plan};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    CHECK_INT(pthread_create(&threads[i], NULL, read_tasks, &work), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    CHECK_INT(pthread_join(threads[i], NULL), 0);
  }
  CHECK_INT(atomic_load(&work.rows), 300); /* 102, 105, ... 999 */
  CHECK_INT(atomic_load(&work.sum), 300 * (102 + 999) / 2);
  pqpush_plan_free(plan);
}

int main(int argc, char **argv) {
  file = load(fixtures(argc, argv), "table.parquet");
  metadata = read_metadata(file);
  tasks_cover_the_scan_in_order();
  wrong_calls_are_refused();
  a_plan_prunes_explains_and_gives_its_rows();
  a_limit_behind_predicates_is_one_task();
  threads_share_a_plan();
  pqpush_metadata_free(metadata);
  free(file.data);
  return 0;
}
