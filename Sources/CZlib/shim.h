#pragma once
#include <zlib.h>

/* inflateInit2 is a macro, which Swift cannot see. Raw deflate: the member's header is read by us. */
static inline int inflate_raw_init(z_stream *stream) { return inflateInit2(stream, -MAX_WBITS); }
