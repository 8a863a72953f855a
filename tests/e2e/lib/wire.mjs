// SPDX-License-Identifier: Apache-2.0
// HTTP by the byte, for what an HTTP library would not send.
import net from 'node:net';
import { until } from './until.mjs';

export const HEALTH = 'GET /health HTTP/1.1\r\nHost: test\r\n\r\n';

// A socket that is spoken to in bytes.
export class Wire {
    constructor(port, host = '127.0.0.1') {
        this.received = Buffer.alloc(0);
        this.isClosed = false;
        this.socket = net.connect(port, host);
        this.socket.on('data', (data) => (this.received = Buffer.concat([this.received, data])));
        this.socket.on('error', () => (this.isClosed = true));
        this.socket.on('close', () => (this.isClosed = true));
        this.socket.on('end', () => (this.isClosed = true));
    }

    write(...pieces) {
        for (const piece of pieces) this.socket.write(piece);
        return this;
    }

    // The next `count` answers, as {status, headers, body}.
    async answers(count, isHead = false) {
        const all = [];
        while (all.length < count) {
            const answer = await until(`answer ${all.length + 1} of ${count}`, () => {
                const one = this.take(isHead);
                if (!one && this.isClosed)
                    throw new Error(`closed after ${all.length} answers: ${this.received}`);
                return one;
            });
            all.push(answer);
        }
        return all;
    }

    take(isHead) {
        const end = this.received.indexOf('\r\n\r\n');
        if (end < 0) return null;
        const [line, ...fields] = this.received.subarray(0, end).toString().split('\r\n');
        const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)[1]);
        const headers = Object.fromEntries(fields.map((field) => {
            const at = field.indexOf(':');
            return [field.slice(0, at).toLowerCase(), field.slice(at + 1).trim()];
        }));
        const size = isHead || status === 204 || status < 200 ? 0 : Number(headers['content-length'] ?? 0);
        if (this.received.length < end + 4 + size) return null;
        const body = this.received.subarray(end + 4, end + 4 + size).toString();
        this.received = this.received.subarray(end + 4 + size);
        return { status, headers, body };
    }

    closed(seconds = 30) {
        return until('the server closes the connection', () => this.isClosed, seconds);
    }

    end() {
        this.socket.destroy();
    }
}
