/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xml.h"

#include <libxml/xmlwriter.h>
#include <stdarg.h>

#include "escape.h"
#include "lazy.h"
#include "text.h"

/* Versions of the binary interface: 16 since libxml2 2.14. What is used here is the same in both. */
#define SONAME_NOW   "libxml2.so.16"
#define SONAME_UNTIL "libxml2.so.2"

LAZY_NOTE("html", "reports as HTML", "recommended", SONAME_UNTIL "\",\"" SONAME_NOW);

LAZY_FUNCTION(xmlOutputBufferCreateIO);
LAZY_FUNCTION(xmlOutputBufferClose);
LAZY_FUNCTION(xmlNewTextWriter);
LAZY_FUNCTION(xmlFreeTextWriter);
LAZY_FUNCTION(xmlTextWriterStartElement);
LAZY_FUNCTION(xmlTextWriterEndElement);
LAZY_FUNCTION(xmlTextWriterFullEndElement);
LAZY_FUNCTION(xmlTextWriterEndDocument);
LAZY_FUNCTION(xmlTextWriterWriteAttribute);
LAZY_FUNCTION(xmlTextWriterWriteString);
LAZY_FUNCTION(xmlTextWriterWriteDTD);

static const LazySymbol xml_symbols[] = {
        LAZY_SYMBOL(xmlOutputBufferCreateIO),
        LAZY_SYMBOL(xmlOutputBufferClose),
        LAZY_SYMBOL(xmlNewTextWriter),
        LAZY_SYMBOL(xmlFreeTextWriter),
        LAZY_SYMBOL(xmlTextWriterStartElement),
        LAZY_SYMBOL(xmlTextWriterEndElement),
        LAZY_SYMBOL(xmlTextWriterFullEndElement),
        LAZY_SYMBOL(xmlTextWriterEndDocument),
        LAZY_SYMBOL(xmlTextWriterWriteAttribute),
        LAZY_SYMBOL(xmlTextWriterWriteString),
        LAZY_SYMBOL(xmlTextWriterWriteDTD),
};

/* The writer tells no causes: where the stream is well it is memory. */
static void note(Xml *x, int result)
{
        if (result < 0 && x->error == 0)
                x->error = -ENOMEM;
}

/* A stream that fails is no error to the library, which would print something of its own. */
static int write_out(void *context, const char *data, int n)
{
        Xml *x = context;

        if (fwrite(data, 1, (size_t) n, x->out) != (size_t) n && x->error == 0)
                x->error = negative_errno();
        return n;
}

static int leave_open(void *context)
{
        (void) context;
        return 0;
}

int xml_open(FILE *out, Xml *ret)
{
        xmlOutputBufferPtr buffer;
        int r = lazy_load(SONAME_NOW, xml_symbols, ELEMENTSOF(xml_symbols));

        if (r < 0)
                r = lazy_load(SONAME_UNTIL, xml_symbols, ELEMENTSOF(xml_symbols));
        if (r < 0)
                return r;
        *ret = (Xml){ .out = out };
        buffer = sym_xmlOutputBufferCreateIO(write_out, leave_open, ret, NULL);
        if (!buffer)
                return -ENOMEM;
        ret->writer = sym_xmlNewTextWriter(buffer);
        if (!ret->writer) {
                (void) sym_xmlOutputBufferClose(buffer);
                return -ENOMEM;
        }
        note(ret, sym_xmlTextWriterWriteDTD(ret->writer, BAD_CAST "html", NULL, NULL, NULL));
        return 0;
}

void xml_start(Xml *x, const char *element)
{
        note(x, sym_xmlTextWriterStartElement(x->writer, BAD_CAST element));
}

void xml_start_line(Xml *x, const char *element)
{
        xml_own_text(x, "\n");
        xml_start(x, element);
}

/* U+FFFE and U+FFFF are no characters of XML (XML 1.0, 2.2); U+FFFD is as long. */
static void replace_noncharacters(char *s)
{
        for (; (s = strstr(s, "\xef\xbf")); s += 3)
                if (s[2] == '\xbe' || s[2] == '\xbf')
                        s[2] = '\xbd';
}

/* NULL when memory was short, and then that is noted. */
static char *harmless(Xml *x, const char *format, va_list ap)
{
        _cleanup_free_ char *text = NULL;
        char *escaped = NULL;
        int r = string_vprintf(&text, format, ap);

        if (r >= 0)
                r = escape_text(text, &escaped);
        note(x, r);
        if (r >= 0)
                replace_noncharacters(escaped);
        return r < 0 ? NULL : escaped;
}

void xml_attribute(Xml *x, const char *name, const char *format, ...)
{
        _cleanup_free_ char *value = NULL;
        va_list ap;

        va_start(ap, format);
        value = harmless(x, format, ap);
        va_end(ap);
        if (value)
                note(x, sym_xmlTextWriterWriteAttribute(x->writer, BAD_CAST name, BAD_CAST value));
}

static void add_text(Xml *x, const char *format, va_list ap)
{
        _cleanup_free_ char *text = harmless(x, format, ap);

        if (text)
                xml_own_text(x, text);
}

void xml_text(Xml *x, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        add_text(x, format, ap);
        va_end(ap);
}

void xml_own_text(Xml *x, const char *text)
{
        note(x, sym_xmlTextWriterWriteString(x->writer, BAD_CAST text));
}

void xml_end(Xml *x)
{
        note(x, sym_xmlTextWriterFullEndElement(x->writer));
}

void xml_end_void(Xml *x)
{
        note(x, sym_xmlTextWriterEndElement(x->writer));
}

void xml_element(Xml *x, const char *element, const char *class, const char *format, ...)
{
        va_list ap;

        xml_start(x, element);
        if (class)
                xml_attribute(x, "class", "%s", class);
        va_start(ap, format);
        add_text(x, format, ap);
        va_end(ap);
        xml_end(x);
}

int xml_close(Xml *x)
{
        note(x, sym_xmlTextWriterEndDocument(x->writer));
        sym_xmlFreeTextWriter(x->writer); /* which writes what is left */
        x->writer = NULL;
        return x->error;
}
