/* http_range URL [COLUMNS [WHERE]]: counts the rows of a Parquet file behind an HTTP server, without fetching all of it. Ranges
 * are requested side by side over a few connections; a request that fails is made again. COLUMNS are names with commas
 * between them, or * for all; WHERE is a condition in SQL. Prints what was requested beside the length of the file. */
#include "read_ahead.h"

#include <curl/curl.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CONNECTIONS = 8,
    PIECE_BYTES = 1 << 20,
    AHEAD_BYTES = 8 << 20,
    MOST_TRIES = 6,
    FIRST_PAUSE = 20, /* milliseconds; doubled with each try */
    LONGEST_PAUSE = 2000,
};

/* A piece on its way. Between two tries it has no handle. */
typedef struct transfer {
    piece *piece;
    CURL *handle;
    int tries;
    int64_t next_try; /* milliseconds of the clock */
    struct transfer *next;
} transfer;

typedef struct client {
    const char *url;
    CURLM *connections;
    transfer *transfers;
    uint64_t requests;
    uint64_t repeats;
    uint64_t received;
} client;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Takes body bytes; more than were asked for end the transfer, as where a server sends the whole file. */
static size_t take_bytes(char *bytes, size_t size, size_t count, void *user_data) {
    piece *piece = user_data;
    if (size * count > piece->range.length - piece->done) {
        return 0;
    }
    memcpy(piece->bytes + piece->done, bytes, size * count);
    piece->done += size * count;
    return size * count;
}

static bool launch(client *client, transfer *transfer) {
    char range[64];
    uint64_t begin = transfer->piece->range.offset;
    snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, begin, begin + transfer->piece->range.length - 1);
    transfer->piece->done = 0;
    transfer->tries++;
    transfer->handle = curl_easy_init();
    client->requests++;
    return transfer->handle != NULL && curl_easy_setopt(transfer->handle, CURLOPT_URL, client->url) == CURLE_OK &&
           curl_easy_setopt(transfer->handle, CURLOPT_RANGE, range) == CURLE_OK &&
           curl_easy_setopt(transfer->handle, CURLOPT_WRITEFUNCTION, take_bytes) == CURLE_OK &&
           curl_easy_setopt(transfer->handle, CURLOPT_WRITEDATA, transfer->piece) == CURLE_OK &&
           curl_easy_setopt(transfer->handle, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
           curl_easy_setopt(transfer->handle, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
           curl_easy_setopt(transfer->handle, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK &&
           curl_easy_setopt(transfer->handle, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl_easy_setopt(transfer->handle, CURLOPT_LOW_SPEED_TIME, 30L) == CURLE_OK &&
           curl_multi_add_handle(client->connections, transfer->handle) == CURLM_OK;
}

static void drop_handle(client *client, transfer *transfer) {
    if (transfer->handle != NULL) {
        curl_multi_remove_handle(client->connections, transfer->handle);
        curl_easy_cleanup(transfer->handle);
        transfer->handle = NULL;
    }
}

static bool start(void *own, piece *piece) {
    client *client = own;
    transfer *added = calloc(1, sizeof *added);
    if (added == NULL) {
        return fputs("http_range: out of memory\n", stderr), false;
    }
    *added = (transfer){.piece = piece, .next = client->transfers};
    client->transfers = added;
    return launch(client, added) || (fputs("http_range: a request could not be made\n", stderr), false);
}

static piece *finish(client *client, transfer *done) {
    piece *piece = done->piece;
    for (transfer **link = &client->transfers; *link != NULL; link = &(*link)->next) {
        if (*link == done) {
            *link = done->next;
            break;
        }
    }
    drop_handle(client, done);
    free(done);
    client->received += piece->range.length;
    return piece;
}

/* What a server cannot help today it may help in a moment. What it refuses, it will refuse again. */
static bool is_worth_a_try(CURLcode result, long status) {
    return result != CURLE_OK ? result != CURLE_UNSUPPORTED_PROTOCOL && result != CURLE_URL_MALFORMAT
                              : status >= 500 || status == 429 || status == 408 || status == 206;
}

/* True where the piece is whole, or will be tried again. */
static bool judge(client *client, transfer *transfer, CURLcode result, bool *out_is_whole) {
    long status = 0;
    curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
    *out_is_whole = result == CURLE_OK && status == 206 && transfer->piece->done == transfer->piece->range.length;
    if (*out_is_whole) {
        return true;
    }
    if (status == 200 || transfer->tries == MOST_TRIES || !is_worth_a_try(result, status)) {
        fprintf(stderr, "http_range: %" PRIu64 " bytes at %" PRIu64 ": %s, status %ld, after %d tries\n",
                transfer->piece->range.length, transfer->piece->range.offset,
                status == 200 ? "the server has no ranges" : curl_easy_strerror(result), status, transfer->tries);
        return false;
    }
    int64_t pause = (int64_t)FIRST_PAUSE << (transfer->tries - 1);
    transfer->next_try = now() + (pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
    client->repeats++;
    drop_handle(client, transfer);
    return true;
}

/* Launches what has paused long enough; says how long nothing will happen at most. */
static bool launch_again(client *client, int *out_wait) {
    int64_t time = now();
    *out_wait = 1000;
    for (transfer *transfer = client->transfers; transfer != NULL; transfer = transfer->next) {
        if (transfer->handle == NULL && transfer->next_try <= time && !launch(client, transfer)) {
            return fputs("http_range: a request could not be made\n", stderr), false;
        }
        if (transfer->handle == NULL && transfer->next_try - time < *out_wait) {
            *out_wait = (int)(transfer->next_try - time);
        }
    }
    return true;
}

static piece *wait_for_piece(void *own) {
    client *client = own;
    int running;
    int left;
    int pause;
    while (launch_again(client, &pause) && curl_multi_perform(client->connections, &running) == CURLM_OK) {
        for (CURLMsg *message; (message = curl_multi_info_read(client->connections, &left)) != NULL;) {
            char *data = NULL;
            bool is_whole;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
            transfer *transfer = (void *)data;
            if (!judge(client, transfer, message->data.result, &is_whole)) {
                return NULL;
            }
            if (is_whole) {
                return finish(client, transfer);
            }
        }
        curl_multi_poll(client->connections, NULL, 0, pause, NULL);
    }
    return NULL;
}

static void stop(void *own) {
    client *client = own;
    while (client->transfers != NULL) {
        transfer *left = client->transfers;
        client->transfers = left->next;
        drop_handle(client, left);
        free(left);
    }
}

static size_t ignore_bytes(char *bytes, size_t size, size_t count, void *user_data) {
    (void)bytes;
    (void)user_data;
    return size * count;
}

/* The length of the file, by a request without a body. */
static bool find_length(client *client, uint64_t *out) {
    CURLcode result = CURLE_OK;
    long status = 0;
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        curl_off_t length = -1;
        CURL *handle = curl_easy_init();
        if (handle == NULL) {
            break;
        }
        curl_easy_setopt(handle, CURLOPT_URL, client->url);
        curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
        curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, ignore_bytes);
        client->requests++;
        client->repeats += tries > 0;
        result = curl_easy_perform(handle);
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        curl_easy_cleanup(handle);
        if (result == CURLE_OK && status == 200 && length >= 0) {
            *out = (uint64_t)length;
            return true;
        }
        if (!is_worth_a_try(result, status)) {
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = FIRST_PAUSE * 1000000L}, NULL);
    }
    fprintf(stderr, "http_range: %s: %s, status %ld\n", client->url, curl_easy_strerror(result), status);
    return false;
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 4) {
        return fputs("usage: http_range URL [COLUMNS [WHERE]]\n", stderr), 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client client = {.url = argv[1], .connections = curl_multi_init()};
    curl_multi_setopt(client.connections, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS);
    reader reader = {&client, start, wait_for_piece, stop};
    scan_request request = {.name = "http_range",
                            .columns = argc > 2 && strcmp(argv[2], "*") != 0 ? argv[2] : NULL,
                            .where = argc > 3 ? argv[3] : NULL,
                            .piece_bytes = PIECE_BYTES,
                            .ahead_bytes = AHEAD_BYTES};
    scan_result result = {0, 0, 0, 0};
    bool is_done = find_length(&client, &request.file_length) && scan_ahead(&reader, &request, &result);
    if (is_done) {
        printf("%" PRIu64 " rows\n%" PRIu64 " requests, %" PRIu64 " of them again\n", result.rows, client.requests,
               client.repeats);
        printf("%" PRIu64 " of %" PRIu64 " bytes\n", client.received, request.file_length);
    }
    curl_multi_cleanup(client.connections);
    curl_global_cleanup();
    return is_done ? 0 : 1;
}
