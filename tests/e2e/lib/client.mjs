// SPDX-License-Identifier: Apache-2.0
// What a client of the API sends and gets: plain requests, and SQL with its envelopes.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';

const agents = {
    http: new http.Agent({ keepAlive: true, maxSockets: 64 }),
    https: new https.Agent({ keepAlive: true, rejectUnauthorized: false }),
};

export class Client {
    constructor(url, token, user) {
        this.url = url;
        this.token = token;
        this.user = user;
    }

    // One request; body: text or bytes. Gives status, headers, text, and body when it is JSON.
    send(method, path, { headers = {}, body, localAddress } = {}) {
        const url = new URL(path, this.url);
        const isTls = url.protocol === 'https:';
        const options = {
            method,
            agent: localAddress ? undefined : agents[isTls ? 'https' : 'http'],
            localAddress,
            headers: { ...headers },
        };
        if (body !== undefined) options.headers['Content-Length'] ??= Buffer.byteLength(body);
        return new Promise((resolve, reject) => {
            const request = (isTls ? https : http).request(url, options, (response) => {
                const parts = [];
                response.on('data', (part) => parts.push(part));
                response.on('error', reject);
                response.on('end', () => {
                    const text = Buffer.concat(parts).toString('utf8');
                    const isJson = /json/.test(response.headers['content-type'] ?? '');
                    resolve({
                        status: response.statusCode,
                        headers: response.headers,
                        text,
                        body: isJson && text ? JSON.parse(text) : undefined,
                    });
                });
            });
            request.on('error', reject);
            request.end(body);
        });
    }

    // A request with a JSON body and the caller's token.
    json(method, path, value, headers = {}) {
        const authorization = this.token ? { Authorization: `Bearer ${this.token}` } : {};
        return this.send(method, path, {
            headers: { 'Content-Type': 'application/json', ...authorization, ...headers },
            body: value === undefined ? undefined : JSON.stringify(value),
        });
    }

    // POST /v1/api/sql as it is answered.
    post(sql, params, more = {}) {
        return this.json('POST', '/v1/api/sql', { sql, ...(params && { params }), ...more });
    }

    // The results of SQL that must succeed.
    async run(sql, params, more) {
        const answer = await this.post(sql, params, more);
        const shown = sql.length > 300 ? `${sql.slice(0, 300)}…` : sql;
        assert.equal(answer.status, 200, `${shown}\n${answer.text.slice(0, 2000)}`);
        assert.equal(answer.body.status, 'success', shown);
        return answer.body.results;
    }

    async one(sql, params, more) {
        const results = await this.run(sql, params, more);
        assert.equal(results.length, 1, `${sql}: ${JSON.stringify(results)}`);
        return results[0];
    }

    async rows(sql, params, more) {
        const result = await this.one(sql, params, more);
        assert.ok(Array.isArray(result.rows), `${sql}: ${JSON.stringify(result)}`);
        assert.equal(result.row_count, result.rows.length, sql);
        return result.rows;
    }

    // Rows as objects by column name.
    async objects(sql, params, more) {
        const result = await this.one(sql, params, more);
        return result.rows.map((row) =>
            Object.fromEntries(result.schema.map((column) => [column.name, row[column.index]])));
    }

    // The first column.
    async column(sql, params, more) {
        return (await this.rows(sql, params, more)).map((row) => row[0]);
    }

    // The only cell.
    async value(sql, params, more) {
        const rows = await this.rows(sql, params, more);
        assert.equal(rows.length, 1, sql);
        assert.equal(rows[0].length, 1, sql);
        return rows[0][0];
    }

    // The answer to a command or a data change.
    async message(sql, params, more) {
        return (await this.one(sql, params, more)).message;
    }

    // How many rows a data change changed; its text must say so too.
    async changes(sql, params, more) {
        const result = await this.one(sql, params, more);
        const words = { I: 'Inserted', U: 'Updated', D: 'Deleted' };
        const word = words[sql.trimStart()[0].toUpperCase()];
        if (word) assert.equal(result.message, `${word} ${result.row_count} row(s)`);
        return result.row_count;
    }

    // SQL that must be refused: `says` is what the message must match. Gives the error.
    async refuses(sql, says, { status = 400, code = 'SQL_EXECUTION_ERROR', params, more } = {}) {
        const answer = await this.post(sql, params, more);
        const shown = `${sql.length > 300 ? `${sql.slice(0, 300)}…` : sql}\n${answer.text.slice(0, 2000)}`;
        assert.equal(answer.status, status, shown);
        assert.equal(answer.body.status, 'error', shown);
        assert.deepEqual(answer.body.results, [], shown);
        assert.equal(answer.body.error.code, code, shown);
        if (says instanceof RegExp) assert.match(answer.body.error.message, says, shown);
        else if (says !== undefined) assert.equal(answer.body.error.message, says, shown);
        return answer.body.error;
    }
}

// Text as an SQL literal.
export function literal(text) {
    return `'${String(text).replaceAll("'", "''")}'`;
}
