// The way over the boundary: bytes into the module's memory, two texts and one table of numbers out of it.
// `machine.rs` says where they are and `table.rs` writes the table; the three change together.

import { Body, message, reply } from "./message.js";

const NONE = 0xffffffff;
const SAME = 0xfffffffe;
const LITERAL = 0x80000000;
const WIDE = 0x40000000;
const JOINED = 0x60000000;

/** Up to so many bytes, putting characters together is faster than a call of the decoder. */
const SHORT = 24;
/** The same where they are no ASCII. */
const SHORT_WIDE = 12;
/** Of texts up to so many bytes, the views are kept. */
const KEPT = 512;

// A U+FEFF in an answer is a character of it, and not a byte order mark.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
// Node has two ways to decode: one that is very fast for ASCII and slow for the rest, and one for decoders that were once
// asked to go on, which takes half the time for the rest.
let wideDecoder;
function decodeWide(view) {
  if (wideDecoder === undefined) {
    wideDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
    wideDecoder.decode(view, { stream: true });
    wideDecoder.decode();
  }
  return wideDecoder.decode(view);
}
const { fromCharCode } = String;

// how far a message is: machine.rs has the same list
const DELIVERY = [undefined, "queued", "sending", "delivered", "unknown", "failed"];

/** The memory of one instance of the module. */
export class Memory {
  constructor(memory) {
    this.memory = memory;
    this.look();
  }

  look() {
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new Uint32Array(this.memory.buffer);
  }

  /** Whatever grew the memory took the old views away. Asking them is far cheaper than asking for the buffer. */
  renew() {
    if (this.words.length === 0) this.look();
    return this.words;
  }
}

/** What one machine shows of the memory, at `address`. */
export class Window {
  constructor(memory, address) {
    this.memory = memory;
    this.at = address >>> 2;
    this.narrowViews = new Views();
    this.wideViews = new Views();
    /** the name of the event that came last */
    this.name = "";
    // what is being read: the rows, the two texts, and how far they are read
    this.words = undefined;
    this.row = 0;
    this.narrow = "";
    this.narrowAt = 0;
    this.wide = "";
    this.wideAt = 0;
    this.bodies = [];
    this.values = undefined;
    this.next = 0;
    /** how far the message is, if the machine sends one */
    this.delivery = memory.renew()[this.at + 8];
  }

  /** The same as a word. */
  get delivered() {
    return DELIVERY[this.delivery];
  }

  /** Tells a change of it. */
  heed(into) {
    const delivery = this.memory.renew()[this.at + 8];
    if (delivery === this.delivery) return;
    this.delivery = delivery;
    into.delivered(DELIVERY[delivery]);
  }

  /** Puts a chunk where the machine has room for it; false if it has too little. */
  put(chunk) {
    const { memory, at } = this;
    const words = memory.renew();
    if (chunk.length > words[at + 1]) return false;
    memory.bytes.set(chunk, words[at]);
    return true;
  }

  /** Takes everything out of the machine's table. */
  take(into) {
    const { memory, at } = this;
    let words = memory.renew();
    if (words[at + 8] !== this.delivery) {
      this.heed(into);
      // the caller's function may have used the module, and its memory may have grown
      words = memory.renew();
    }
    const count = words[at + 7];
    if (count === 0) return;
    const narrow = words[at + 3];
    const wide = words[at + 5];
    this.narrow = narrow === 0 ? "" : ascii(memory.bytes, words[at + 2], narrow, this.narrowViews);
    this.narrowAt = 0;
    this.wide = wide === 0 ? "" : others(memory.bytes, words[at + 4], wide, this.wideViews);
    this.wideAt = 0;
    this.words = words;
    this.row = words[at + 6] >>> 2;
    read(this, this.row + count, into);
    this.words = undefined;
    this.narrow = "";
    this.wide = "";
    this.values = undefined;
    if (this.bodies.length > 0) this.bodies = [];
  }

  number() {
    return this.words[this.row++];
  }

  optionalNumber() {
    const number = this.number();
    return number === NONE ? undefined : number;
  }

  piece() {
    return this.cut(this.number());
  }

  optional() {
    const length = this.number();
    return length === NONE ? undefined : this.cut(length);
  }

  /** A piece of which half a character may be a part: then it is a JSON string. */
  written() {
    const length = this.number();
    return length >= LITERAL ? JSON.parse(this.cut(length - LITERAL)) : this.cut(length);
  }

  eventName() {
    const length = this.number();
    if (length !== SAME) this.name = this.cut(length) || "message";
    return this.name;
  }

  /** Any JSON value: a string as it is, everything else as the next of the values. */
  value() {
    const length = this.number();
    if (length === NONE) return undefined;
    if (length === LITERAL) return this.values[this.next++];
    return length > LITERAL ? JSON.parse(this.cut(length - LITERAL)) : this.cut(length);
  }

  /** Keeps the body of an answer. */
  body(address, length) {
    this.bodies.push(new Body(this.memory.bytes.slice(address, address + length)));
  }

  cut(length) {
    if (length >= WIDE) {
      if (length >= JOINED) return this.joined(length - JOINED);
      const start = this.wideAt;
      this.wideAt += length - WIDE;
      return this.wide.substring(start, this.wideAt);
    }
    const start = this.narrowAt;
    this.narrowAt += length;
    return this.narrow.substring(start, this.narrowAt);
  }

  /** A piece that is put together of so many others. */
  joined(count) {
    let text = this.piece();
    for (; count > 1; count--) text += this.piece();
    return text;
  }
}

/** Views of the memory from one address on. To make one costs as much as to decode a short text, and the texts of a
 * stream have few lengths. */
class Views {
  constructor() {
    this.bytes = undefined;
    this.address = 0;
    this.kept = [];
  }

  of(bytes, address, length) {
    if (length > KEPT) return bytes.subarray(address, address + length);
    if (this.bytes !== bytes || this.address !== address) {
      this.bytes = bytes;
      this.address = address;
      this.kept = [];
    }
    let view = this.kept[length];
    if (view === undefined) {
      view = bytes.subarray(address, address + length);
      this.kept[length] = view;
    }
    return view;
  }
}

/** A text that is nothing but ASCII. */
function ascii(bytes, address, length, views) {
  if (length > SHORT) return decoder.decode(views.of(bytes, address, length));
  let at = address;
  let text = "";
  for (; length >= 8; length -= 8, at += 8) {
    text += fromCharCode(
      bytes[at],
      bytes[at + 1],
      bytes[at + 2],
      bytes[at + 3],
      bytes[at + 4],
      bytes[at + 5],
      bytes[at + 6],
      bytes[at + 7],
    );
  }
  if (length >= 4) {
    text += fromCharCode(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
    length -= 4;
    at += 4;
  }
  for (; length > 0; length--, at++) text += fromCharCode(bytes[at]);
  return text;
}

/** A text in which there is something else than ASCII, in whole characters of UTF-8. */
function others(bytes, address, length, views) {
  if (length > SHORT_WIDE) return decodeWide(views.of(bytes, address, length));
  const end = address + length;
  let text = "";
  for (let at = address; at < end; ) {
    const first = bytes[at++];
    if (first < 0x80) {
      text += fromCharCode(first);
    } else if (first < 0xe0) {
      text += fromCharCode(((first & 0x1f) << 6) | (bytes[at++] & 0x3f));
    } else if (first < 0xf0) {
      const high = ((first & 0xf) << 12) | ((bytes[at++] & 0x3f) << 6);
      text += fromCharCode(high | (bytes[at++] & 0x3f));
    } else {
      const high = ((first & 7) << 18) | ((bytes[at++] & 0x3f) << 12);
      const low = ((bytes[at++] & 0x3f) << 6) | (bytes[at++] & 0x3f);
      const beyond = (high | low) - 0x10000;
      text += fromCharCode(0xd800 | (beyond >> 10), 0xdc00 | (beyond & 0x3ff));
    }
  }
  return text;
}

function read(pieces, end, into) {
  while (pieces.row < end) {
    switch (pieces.number()) {
      case 1:
        into.value({ type: "content", delta: pieces.written() });
        break;
      case 2:
        into.value(JSON.parse(pieces.piece()));
        break;
      case 3:
        into.value(message(pieces));
        break;
      case 4:
        into.page(JSON.parse(pieces.piece()));
        break;
      case 5:
        into.event(pieces.eventName(), pieces.piece(), pieces.optional());
        break;
      case 6:
        into.comment(pieces.piece());
        // the caller's function may have used the module, and its memory may have grown
        pieces.words = pieces.memory.renew();
        break;
      case 7:
        into.resume(pieces.piece(), pieces.optionalNumber());
        break;
      case 8:
        pieces.body(pieces.number(), pieces.number());
        break;
      case 9:
        into.value(reply(pieces));
        break;
      case 10:
        into.value({ type: "done", reply: reply(pieces) });
        break;
      case 11:
        pieces.values = JSON.parse(pieces.piece());
        pieces.next = 0;
        break;
    }
  }
}
