// The way over the boundary: bytes into the module's memory, one text and one table of numbers out of it.
// `table.rs` writes that table; the two change together.

const NONE = 0xffffffff;
const LITERAL = 0x80000000;
const ROLES = ["user", "assistant", "tool", "system", "unknown"];

/** Up to so many bytes, a loop is faster than a call of the decoder. */
const SHORT = 24;

// A U+FEFF in an answer is a character of it, and not a byte order mark.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

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

  put(address, chunk) {
    // whatever grew the memory took the old views away
    if (this.bytes.buffer !== this.memory.buffer) this.look();
    this.bytes.set(chunk, address);
  }

  /** Takes everything out of a table whose place is at `address`. */
  take(address, into) {
    if (this.bytes.buffer !== this.memory.buffer) this.look();
    const { words } = this;
    const at = address >>> 2;
    const text = this.text(words[at], words[at + 1]);
    const row = words[at + 2] >>> 2;
    read(new Pieces(text, words, row), row + words[at + 3], into);
  }

  text(address, length) {
    const { bytes } = this;
    if (length > SHORT) return decoder.decode(bytes.subarray(address, address + length));
    let text = "";
    for (let at = address; at < address + length; at++) {
      const byte = bytes[at];
      if (byte >= 0x80) return decoder.decode(bytes.subarray(address, address + length));
      text += String.fromCharCode(byte);
    }
    return text;
  }
}

/** Cuts the pieces out of the text, in the order of the table's rows, which begin at `row` of `words`. */
class Pieces {
  constructor(text, words, row) {
    this.text = text;
    this.words = words;
    this.row = row;
    this.at = 0;
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
    return length & LITERAL ? JSON.parse(this.cut(length & ~LITERAL)) : this.cut(length);
  }

  cut(length) {
    const start = this.at;
    this.at += length;
    return this.text.substring(start, this.at);
  }
}

const halves = new Uint32Array(2);
const whole = new Float64Array(halves.buffer);

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
        into.event(pieces.piece(), pieces.piece(), pieces.optional());
        break;
      case 6:
        into.comment(pieces.piece());
        break;
      case 7:
        into.resume(pieces.piece(), pieces.optionalNumber());
        break;
    }
  }
}

function message(pieces) {
  const id = pieces.piece();
  const role = ROLES[pieces.number()];
  const text = pieces.written();
  const createdAt = pieces.optional();
  halves[0] = pieces.number();
  halves[1] = pieces.number();
  const timestamp = whole[0];
  const authored = pieces.number() === 1;
  const authorId = pieces.optional();
  const authorName = pieces.optional();
  const complete = pieces.number() === 1;
  const rare = pieces.optional();
  const metadata = pieces.optional();
  const message = lazy({ id, role, text, complete }, metadata, pieces.piece());
  if (createdAt !== undefined) message.createdAt = createdAt;
  if (!Number.isNaN(timestamp)) message.timestamp = timestamp;
  if (authored) {
    message.author = {};
    if (authorId !== undefined) message.author.id = authorId;
    if (authorName !== undefined) message.author.name = authorName;
  }
  if (rare !== undefined) Object.assign(message, JSON.parse(rare));
  return message;
}

/** Free-form JSON is parsed when somebody looks, because mostly nobody does. An own, enumerable accessor is seen by
 * spread, JSON.stringify and structuredClone; one on the prototype is not. Written as a literal, because
 * Object.defineProperty takes several times as long. */
function lazy({ id, role, text, complete }, metadata, raw) {
  let parsedRaw;
  let parsedMetadata;
  const readRaw = () => {
    if (raw !== undefined) {
      parsedRaw = JSON.parse(raw);
      raw = undefined;
    }
    return parsedRaw;
  };
  if (metadata === undefined) {
    return {
      id,
      role,
      text,
      complete,
      get raw() {
        return readRaw();
      },
    };
  }
  return {
    id,
    role,
    text,
    complete,
    get metadata() {
      if (metadata !== undefined) {
        parsedMetadata = JSON.parse(metadata);
        metadata = undefined;
      }
      return parsedMetadata;
    },
    get raw() {
      return readRaw();
    },
  };
}
