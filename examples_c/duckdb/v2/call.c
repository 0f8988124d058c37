#include "call.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static scan_call *calls;

scan_call *enter_call(duckdb_v2_hugeint_t id) {
    pthread_mutex_lock(&lock);
    scan_call *call = calls;
    while (call != NULL && (call->id.lower != id.lower || call->id.upper != id.upper)) {
        call = call->next;
    }
    if (call == NULL && (call = calloc(1, sizeof *call)) != NULL) {
        call->id = id;
        call->next = calls;
        calls = call;
    }
    if (call != NULL) {
        call->copies++;
    }
    pthread_mutex_unlock(&lock);
    return call;
}

void leave_call(scan_call *call) {
    pthread_mutex_lock(&lock);
    bool is_last = --call->copies == 0;
    for (scan_call **link = &calls; is_last && *link != NULL;) {
        if (*link == call) {
            *link = call->next;
        } else {
            link = &(*link)->next;
        }
    }
    pthread_mutex_unlock(&lock);
    if (is_last) {
        for (size_t i = 0; i < call->predicates.count; i++) {
            pqpush_predicate_free(call->predicates.items[i]);
        }
        free(call->predicates.items);
        free(call);
    }
}

bool is_alone(const scan_call *call) {
    pthread_mutex_lock(&lock);
    bool is_alone = call->copies == 1;
    pthread_mutex_unlock(&lock);
    return is_alone;
}

bool keep_predicate(scan_call *call, pqpush_predicate *predicate) {
    predicate_list *list = &call->predicates;
    pqpush_predicate **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL) {
        return false;
    }
    list->items = items;
    items[list->count++] = predicate;
    return true;
}
