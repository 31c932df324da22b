/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/* What hangs on a USB controller, whether or not drivers are loaded for it. */

/* One interface of a USB device. Texts are released when the visitor returns. */
typedef struct UsbInterface {
        const char *device; /* path of the device, below /sys */
        const char *name;   /* the kernel's, "1-1.2:1.0" */
        uint32_t class;     /* bInterfaceClass */
        uint32_t protocol;  /* bInterfaceProtocol */
        bool bound;         /* a driver has it */
} UsbInterface;

#define USB_CLASS_HID        0x03U /* USB Device Class Definition for Human Interface Devices 1.11, 4.1 */
#define USB_CLASS_SMART_CARD 0x0bU /* Device Class Specification for USB Chip/Smart Card Interface Devices 1.1, 4.3 */
#define USB_HID_KEYBOARD     0x01U /* 4.3: the boot protocol of a keyboard */

/**
 * usb_interfaces() - all that are below a controller
 * @visit: returns 0, or a negative errno that ends it. What cannot be read is passed over, as it may go at any time.
 * Returns 0; -ENOMEM; what the visitor returned.
 */
int usb_interfaces(int rfd, PciAddr controller, int (*visit)(void *userdata, const UsbInterface *i),
                   void *userdata) _must_check_;

/* The devices below a controller but hubs, in words, "HP USB Keyboard (1-1), Samsung T7 (1-4)". @ret: owned by the
 * caller; NULL: there is none. 0 or -ENOMEM. */
int usb_describe(int rfd, PciAddr controller, char **ret) _must_check_;

/* Vendor and product of a USB device by the path of it. 0; negative errno. */
int usb_id(int rfd, const char *device, PciId *ret) _must_check_;

/* Does it type one-time passwords by itself, like a keyboard, and nothing for a person? */
bool usb_is_token_keyboard(PciId id);

/* Is it a keyboard that the controller of a server's board (BMC) shows for who looks at the host from afar? */
bool usb_is_remote_keyboard(PciId id);
