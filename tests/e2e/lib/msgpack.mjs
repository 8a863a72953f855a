// SPDX-License-Identifier: Apache-2.0
// As much of MessagePack as JSON has, written from its specification: an oracle for the server's.
// Integers beyond what a JavaScript number holds become strings.

function integer(value) {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
}

class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }

    number(size, method) {
        const value = this.bytes[method](this.at, ...(/BE$/.test(method) && /U?Int(BE)$/.test(method) ? [size] : []));
        this.at += size;
        return value;
    }

    uint(size) {
        return size === 8 ? integer(this.number(8, 'readBigUInt64BE')) : this.number(size, 'readUIntBE');
    }

    int(size) {
        return size === 8 ? integer(this.number(8, 'readBigInt64BE')) : this.number(size, 'readIntBE');
    }

    text(size) {
        this.at += size;
        return this.bytes.toString('utf8', this.at - size, this.at);
    }

    array(count) {
        return Array.from({ length: count }, () => this.value());
    }

    map(count) {
        return Object.fromEntries(Array.from({ length: count }, () => [this.value(), this.value()]));
    }

    value() {
        const tag = this.uint(1);
        if (tag < 0x80) return tag;
        if (tag < 0x90) return this.map(tag & 0x0f);
        if (tag < 0xa0) return this.array(tag & 0x0f);
        if (tag < 0xc0) return this.text(tag & 0x1f);
        if (tag >= 0xe0) return tag - 0x100;
        const forms = {
            0xc0: () => null, 0xc2: () => false, 0xc3: () => true,
            0xca: () => this.number(4, 'readFloatBE'), 0xcb: () => this.number(8, 'readDoubleBE'),
            0xcc: () => this.uint(1), 0xcd: () => this.uint(2), 0xce: () => this.uint(4), 0xcf: () => this.uint(8),
            0xd0: () => this.int(1), 0xd1: () => this.int(2), 0xd2: () => this.int(4), 0xd3: () => this.int(8),
            0xd9: () => this.text(this.uint(1)), 0xda: () => this.text(this.uint(2)), 0xdb: () => this.text(this.uint(4)),
            0xdc: () => this.array(this.uint(2)), 0xdd: () => this.array(this.uint(4)),
            0xde: () => this.map(this.uint(2)), 0xdf: () => this.map(this.uint(4)),
        };
        if (!forms[tag]) throw new Error(`MessagePack has no ${tag.toString(16)} here`);
        return forms[tag]();
    }
}

// The only value in the bytes. Sequence numbers are strings, as the JSON reader of the tests gives them.
export function unpack(bytes) {
    const reader = new Reader(bytes);
    const value = reader.value();
    if (reader.at !== bytes.length) throw new Error('MessagePack: something follows the message');
    return value;
}

export function pack(value) {
    if (value === null) return Buffer.from([0xc0]);
    if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
    if (typeof value === 'number') {
        const bytes = Buffer.alloc(9);
        bytes[0] = Number.isInteger(value) ? 0xd3 : 0xcb;
        if (Number.isInteger(value)) bytes.writeBigInt64BE(BigInt(value), 1);
        else bytes.writeDoubleBE(value, 1);
        return bytes;
    }
    const head = (tag, count) => {
        const bytes = Buffer.alloc(5);
        bytes[0] = tag;
        bytes.writeUInt32BE(count, 1);
        return bytes;
    };
    if (typeof value === 'string') {
        const text = Buffer.from(value, 'utf8');
        return Buffer.concat([head(0xdb, text.length), text]);
    }
    if (Array.isArray(value)) return Buffer.concat([head(0xdd, value.length), ...value.map(pack)]);
    const members = Object.entries(value);
    return Buffer.concat([head(0xdf, members.length), ...members.flatMap(([key, member]) => [pack(key), pack(member)])]);
}
