#pragma once
/* Debian builds libxml2 with ICU, whose headers collide with the ICU inside Foundation. */
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/dict.h>
#include <libxml/xmlerror.h>

/* XML_SAX2_MAGIC is an unsigned literal that does not fit the Int32 Swift gives to macros. */
static inline unsigned int s3_sax2_magic(void) { return XML_SAX2_MAGIC; }

/* xmlGetLastError and friends hand out pointers whose constness differs between 2.9 and 2.12. */
static inline int s3_last_error_line(xmlParserCtxtPtr context) { return context->lastError.line; }
static inline const char *s3_last_error_message(xmlParserCtxtPtr context) {
    return context->lastError.message;
}

/* libxml2 prints what goes wrong in a conversion between encodings to standard error, past the
   handlers of the parser; which function does it is set for each thread. */
static void s3_say_nothing(void *context, const char *format, ...) {
    (void)context;
    (void)format;
}
static inline void s3_silence_thread(void) { xmlSetGenericErrorFunc(NULL, s3_say_nothing); }
