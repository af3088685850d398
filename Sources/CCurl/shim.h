#pragma once
#include <curl/curl.h>
#include <sys/ioctl.h>
#include <sys/select.h>

/* curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not import:
   one function for each type of value. */
static inline CURLcode s3_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode s3_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode s3_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode s3_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
typedef size_t (*s3_curl_bytes)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode s3_curl_set_function(CURL *handle, CURLoption option, s3_curl_bytes value) {
    return curl_easy_setopt(handle, option, value);
}
typedef int (*s3_curl_seek)(void *context, curl_off_t offset, int origin);
static inline CURLcode s3_curl_set_seek(CURL *handle, s3_curl_seek value) {
    return curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, value);
}
static inline long s3_curl_get_long(CURL *handle, CURLINFO info) {
    long value = 0;
    curl_easy_getinfo(handle, info, &value);
    return value;
}
static inline curl_off_t s3_curl_get_offset(CURL *handle, CURLINFO info) {
    curl_off_t value = 0;
    curl_easy_getinfo(handle, info, &value);
    return value;
}

/* How many bytes the kernel holds that the peer has not acknowledged yet; 0 without a connection.
   libcurl counts a byte as sent once the kernel has it, and names the socket of a transfer
   (CURLINFO_ACTIVESOCKET) only once that has ended: the sockets that it waits for are asked. */
static inline int s3_curl_unacknowledged(CURLM *multi) {
    fd_set readable, writable, exceptional;
    int last = -1, sum = 0;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_ZERO(&exceptional);
    if (curl_multi_fdset(multi, &readable, &writable, &exceptional, &last) != CURLM_OK) return 0;
    for (int descriptor = 0; descriptor <= last; descriptor++) {
        int count = 0;
        if (!FD_ISSET(descriptor, &readable) && !FD_ISSET(descriptor, &writable)) continue;
        if (ioctl(descriptor, TIOCOUTQ, &count) == 0) sum += count;
    }
    return sum;
}

/* CURLMsg keeps the result in a union, whose members Swift shows as unrelated fields. */
static inline CURLcode s3_curl_result(const CURLMsg *message) { return message->data.result; }
