// SPDX-License-Identifier: Apache-2.0
// A WebSocket client of the API: what it was told, and waiting for what is to come.
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import WebSocket from 'ws';
import { pack, unpack } from './msgpack.mjs';

const WAIT_MS = 30_000; // a bound for hanging, not a measure

// Sequence numbers go beyond what a JavaScript number holds.
function parse(text) {
    return JSON.parse(text.replace(/"last_seq_id":(\d+)/g, '"last_seq_id":"$1"'));
}

export class Live {
    constructor(server, { token, query = '', path = '/v1/ws', headers = {} } = {}) {
        const url = `${server.url.replace(/^http/, 'ws')}${path}${query}`;
        const authorization = token ? { Authorization: `Bearer ${token}` } : {};
        this.messages = []; // not taken yet
        this.frames = []; // [isBinary, bytes] of everything
        this.waiters = [];
        this.isPacked = /serialization=msgpack/.test(query);
        this.socket = new WebSocket(url, { headers: { ...authorization, ...headers } });
        this.closed = new Promise((resolve) => {
            this.socket.on('close', (code, reason) => {
                this.isClosed = { code, reason: reason.toString() };
                resolve(this.isClosed);
                this.wake();
            });
        });
        this.opened = new Promise((resolve, reject) => {
            this.socket.on('open', resolve);
            this.socket.on('error', reject);
        });
        this.opened.catch(() => {});
        this.socket.on('message', (data, isBinary) => {
            this.frames.push([isBinary, data]);
            this.messages.push(this.read(data, isBinary));
            this.wake();
        });
    }

    // Signed in by the handshake's header.
    static async as(client, options) {
        const live = new Live(client, { token: client.token, ...options });
        await live.opened;
        const welcome = await live.next();
        assert.equal(welcome.type, 'auth_success', JSON.stringify(welcome));
        return live;
    }

    read(data, isBinary) {
        if (!isBinary) return parse(data.toString('utf8'));
        const bytes = data[0] === 0x1f && data[1] === 0x8b ? gunzipSync(data) : data;
        return this.isPacked ? unpack(bytes) : parse(bytes.toString('utf8'));
    }

    pack(message) {
        return pack(message);
    }

    wake() {
        for (const waiter of this.waiters.splice(0)) waiter();
    }

    send(message) {
        this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    }

    // The next message that fits, others stay.
    async next(fits = () => true, what = 'a message') {
        const deadline = Date.now() + WAIT_MS;
        for (;;) {
            const index = this.messages.findIndex(fits);
            if (index >= 0) return this.messages.splice(index, 1)[0];
            if (this.isClosed) throw new Error(`closed before ${what}: ${JSON.stringify(this.isClosed)}`);
            if (Date.now() > deadline)
                throw new Error(`${what} did not come; waiting: ${JSON.stringify(this.messages).slice(0, 2000)}`);
            await new Promise((resolve) => {
                const timer = setTimeout(resolve, 1000);
                this.waiters.push(() => {
                    clearTimeout(timer);
                    resolve();
                });
            });
        }
    }

    of(id, type) {
        return this.next(
            (message) => (message.subscription_id ?? message.query_id) === id && (!type || message.type === type),
            `${type ?? 'something'} for ${id}`);
    }

    subscribe(id, sql, options) {
        this.send({ type: 'subscribe', subscription: { id, sql, ...(options !== undefined && { options }) } });
    }

    // Subscribes and reads up to the batch marked ready; gives the acknowledgement and all rows.
    async initial(id, sql, options = {}) {
        this.subscribe(id, sql, options);
        const first = await this.of(id);
        assert.equal(first.type, 'subscription_ack', JSON.stringify(first));
        const rows = [];
        const batches = [];
        for (let control = first.batch_control; ; ) {
            if (options === null) return { ack: first, rows, batches };
            const message = await this.of(id);
            if (message.type === 'change') {
                batches.push(message);
                continue;
            }
            assert.equal(message.type, 'initial_data_batch', JSON.stringify(message));
            if (batches.length === 0) assert.deepEqual(message.batch_control, control);
            batches.push(message);
            rows.push(...message.rows);
            control = message.batch_control;
            if (control.status === 'ready') return { ack: first, rows, batches };
        }
    }

    change(id) {
        return this.of(id, 'change');
    }

    // Nothing is waiting for the subscription once the server has answered something sent later.
    async silent(id) {
        const marker = `marker-${Math.random()}`;
        this.subscribe(marker, 'SELECT', {});
        await this.of(marker, 'error');
        assert.deepEqual(this.messages.filter((message) => message.subscription_id === id), []);
    }

    async close() {
        this.socket.close();
        return this.closed;
    }

    // As if the network had broken.
    cut() {
        this.socket.terminate();
    }
}

// What a subscriber that applies everything it is told knows: rows by key.
export class Mirror {
    constructor(key = 'id') {
        this.key = key;
        this.rows = new Map();
        this.seq = 0n; // the newest it has seen
    }

    note(row) {
        const seq = BigInt(row._seq);
        if (seq > this.seq) this.seq = seq;
    }

    apply(message) {
        if (message.type === 'initial_data_batch') {
            for (const row of message.rows) {
                this.note(row);
                this.rows.set(row[this.key], { ...row });
            }
            return;
        }
        if (message.type !== 'change') return;
        if (message.change_type === 'delete') {
            for (const row of message.old_values) {
                this.note(row);
                this.rows.delete(row[this.key]);
            }
            return;
        }
        for (const row of message.rows) {
            this.note(row);
            const known = message.change_type === 'update' ? this.rows.get(row[this.key]) : {};
            this.rows.set(row[this.key], { ...known, ...row });
        }
    }
}
