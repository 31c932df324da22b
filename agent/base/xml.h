/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * A page that is both HTML and XML, element by element, through libxml2's writer: what others wrote cannot become
 * markup, and what is opened is closed. Of names and of own text only the text is checked; elements and attributes are
 * the program's.
 *
 * A lack of memory or a stream that fails is remembered, and told by xml_close().
 */
typedef struct Xml {
        FILE *out;
        void *writer; /* these are its own */
        int error;
} Xml;

/**
 * xml_open() - begin a page with the document type of HTML
 * @out: must outlive the page. Returns 0; -ENOPKG: libxml2 is not installed; -ENOMEM.
 */
int xml_open(FILE *out, Xml *ret) _must_check_;

/* "<ELEMENT". Attributes follow before anything else does. */
void xml_start(Xml *x, const char *element);

/* The same on a line of its own, where a blank in front of it means nothing. */
void xml_start_line(Xml *x, const char *element);
void xml_attribute(Xml *x, const char *name, const char *format, ...) _printf_(3, 4);

/* Text, with what others wrote made harmless as by escape_bytes(): it is one line, and no character of it is one that
 * XML does not have. */
void xml_text(Xml *x, const char *format, ...) _printf_(2, 3);

/* The program's own text of several lines, as it is. */
void xml_own_text(Xml *x, const char *text);

/* "</ELEMENT>" of the last one that is open, also where nothing is in it: HTML does not know the short form. */
void xml_end(Xml *x);

/* "/>", for elements that HTML has without a content. */
void xml_end_void(Xml *x);

/* An element with nothing but a text in it. @class: NULL: it has none. */
void xml_element(Xml *x, const char *element, const char *class, const char *format, ...) _printf_(4, 5);

/* Ends the page, in which nothing is open any more unless something failed, and releases it. 0; -ENOMEM; negative errno
 * of the stream. */
int xml_close(Xml *x) _must_check_;
