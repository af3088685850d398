#pragma once
#include <curl/curl.h>
#include <sys/ioctl.h>

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
   libcurl counts a byte as sent once the kernel has it, and ioctl is variadic. */
static inline int s3_curl_unacknowledged(CURL *handle) {
    curl_socket_t descriptor = CURL_SOCKET_BAD;
    int count = 0;
    if (curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &descriptor) != CURLE_OK) return 0;
    if (descriptor == CURL_SOCKET_BAD || ioctl(descriptor, TIOCOUTQ, &count) != 0) return 0;
    return count;
}

/* CURLMsg keeps the result in a union, whose members Swift shows as unrelated fields. */
static inline CURLcode s3_curl_result(const CURLMsg *message) { return message->data.result; }
