// SPDX-License-Identifier: Apache-2.0
// Full SQL on USER tables (T126): the same queries over rows that are hot, flushed, and changed after the
// flush, held against answers computed here.
import assert from 'node:assert/strict';
import { readyServer } from './lib/server.mjs';
import { literal } from './lib/client.mjs';
import { flush, test, testStop } from './lib/suite.mjs';

const server = await readyServer();
const { admin } = server;
const alice = await server.addUser('alice');
const mallory = await server.addUser('mallory');
await admin.run('CREATE NAMESPACE q');

// ---- the data ----

const CITIES = ['Oslo', 'Bern', 'Rom', 'Ürümqi', null];
const people = Array.from({ length: 60 }, (_, i) => ({
    id: i + 1,
    name: `p${String((i * 37) % 60).padStart(2, '0')}`,
    city: CITIES[(i * 7) % 5],
    age: i % 11 === 0 ? null : 18 + ((i * 13) % 50),
    score: i % 9 === 4 ? null : ((i * 31) % 100) / 4,
}));
const orders = Array.from({ length: 150 }, (_, i) => ({
    id: 1000 + i,
    person: i % 17 === 0 ? null : 1 + ((i * 23) % 70), // some have no such person
    day: Date.UTC(2026, 0, 1 + ((i * 11) % 90)) / 86400000,
    amount: (((i * 97) % 1000) - 100), // hundredths
    item: ['tea', 'ink', 'rope', 'Tea', '100% wool', 'a_b'][i % 6],
}));

const nullable = (value) => (value === null ? 'NULL' : literal(value));
const date = (day) => new Date(day * 86400000).toISOString().slice(0, 10);
const cents = (value) => `${value < 0 ? '-' : ''}${Math.floor(Math.abs(value) / 100)}.${String(Math.abs(value) % 100).padStart(2, '0')}`;
const personRow = (p) => `(${p.id}, '${p.name}', ${nullable(p.city)}, ${p.age ?? 'NULL'}, ${p.score ?? 'NULL'})`;
const orderRow = (o) => `(${o.id}, ${o.person ?? 'NULL'}, '${date(o.day)}', ${cents(o.amount)}, ${literal(o.item)})`;
const fill = (who, people_, orders_, space) => who.run(
    `INSERT INTO ${space}.people VALUES ${people_.map(personRow).join(', ')}; INSERT INTO ${space}.orders VALUES ${orders_.map(orderRow).join(', ')}`);

// Each tier has a namespace of its own with the same tables and, in the end, the same rows.
const TIERS = ['hot', 'cold', 'mixed'];
for (const tier of TIERS) {
    await admin.run(`CREATE NAMESPACE ${tier};
        CREATE USER TABLE ${tier}.people (id INT PRIMARY KEY, name TEXT NOT NULL, city TEXT, age INT, score DOUBLE);
        CREATE USER TABLE ${tier}.orders (id BIGINT PRIMARY KEY, person INT, day DATE NOT NULL, amount DECIMAL(10,2), item TEXT)`);
    await fill(mallory, people.map((p) => ({ ...p, name: 'mallory', score: 9999 })), orders.map((o) => ({ ...o, item: 'poison' })), tier);
}
await fill(alice, people, orders, 'hot');
await fill(alice, people, orders, 'cold');
// Mixed: wrong rows flushed and put right after, in two flushes and in the hot tier.
await fill(alice, people.slice(0, 40).map((p) => (p.id % 3 ? p : { ...p, name: 'wrong', age: 1 })), orders.slice(0, 100), 'mixed');
await alice.run("INSERT INTO mixed.people VALUES (900, 'ghost', 'Oslo', 1, 1); INSERT INTO mixed.orders VALUES (5000, 1, '2026-01-01', 1, 'ghost')");
await flush(admin, 'mixed.people');
await flush(admin, 'mixed.orders');
await alice.run(`UPDATE mixed.people SET age = 2 WHERE name = 'wrong'; DELETE FROM mixed.orders WHERE id >= 1090; DELETE FROM mixed.people WHERE id > 890;
    INSERT INTO mixed.orders VALUES ${orders.slice(90, 120).map(orderRow).join(', ')}`);
await flush(admin, 'mixed.people');
await flush(admin, 'mixed.orders');
await alice.run(`DELETE FROM mixed.people WHERE name = 'wrong'; INSERT INTO mixed.people VALUES ${
    people.filter((p) => p.id > 40 || p.id % 3 === 0).map(personRow).join(', ')}; INSERT INTO mixed.orders VALUES ${orders.slice(120).map(orderRow).join(', ')};
    UPDATE mixed.orders SET amount = amount + 1 WHERE id < 1010; UPDATE mixed.orders SET amount = amount - 1 WHERE id < 1010`);
for (const name of ['people', 'orders']) assert.ok(await flush(admin, `cold.${name}`));

// ---- answers computed here ----

const by = (...keys) => (a, b) => {
    for (const key of keys) {
        const [x, y] = [key(a), key(b)];
        if (x === y) continue;
        if (x === null) return 1; // as PostgreSQL: last when ascending
        if (y === null) return -1;
        return x < y ? -1 : 1;
    }
    return 0;
};
const desc = (key) => (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === y) return 0;
    if (x === null) return -1;
    if (y === null) return 1;
    return x < y ? 1 : -1;
};
const chain = (...orders_) => (a, b) => orders_.map((order) => order(a, b)).find((n) => n !== 0) ?? 0;
const group = (rows, key) => {
    const groups = new Map();
    for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
    return [...groups];
};
const bytes = (text) => (text === null ? null : Buffer.from(text).toString('latin1'));
const sum = (values) => values.reduce((a, b) => a + b, 0);
const known = (values) => values.filter((value) => value !== null);
const personOf = (o) => people.find((p) => p.id === o.person);
const max = (values) => (known(values).length ? known(values).reduce((a, b) => (a > b ? a : b)) : null);
const min = (values) => (known(values).length ? known(values).reduce((a, b) => (a < b ? a : b)) : null);
const big = (value) => String(value);

// [what, SQL over P and O, expected rows]
const QUERIES = [
    // one table
    ['a range of keys', 'SELECT id, name FROM P WHERE id > 10 AND id <= 15', people.slice(10, 15).map((p) => [p.id, p.name])],
    ['keys in a list', 'SELECT id FROM P WHERE id IN (60, 7, 99, 7, 1)', [[1], [7], [60]]],
    ['an order and a limit', 'SELECT name FROM P ORDER BY name LIMIT 4 OFFSET 2', [...people].sort(by((p) => p.name)).slice(2, 6).map((p) => [p.name])],
    ['NULLs last', 'SELECT id, age FROM P ORDER BY age, id', [...people].sort(by((p) => p.age, (p) => p.id)).map((p) => [p.id, p.age])],
    ['NULLs first when descending', 'SELECT id, age FROM P ORDER BY age DESC, id DESC LIMIT 12',
        [...people].sort(chain(desc((p) => p.age), desc((p) => p.id))).slice(0, 12).map((p) => [p.id, p.age])],
    ['NULLS LAST said', 'SELECT id FROM P ORDER BY age DESC NULLS LAST, id LIMIT 5',
        [...people].sort(chain((a, b) => (a.age === null) - (b.age === null), desc((p) => p.age), by((p) => p.id))).slice(0, 5).map((p) => [p.id])],
    ['text in the order of its bytes', 'SELECT DISTINCT city FROM P ORDER BY city', [...new Set(people.map((p) => p.city))].sort(by(bytes)).map((city) => [city])],
    ['LIKE', "SELECT id FROM O WHERE item LIKE 'T%'", orders.filter((o) => o.item.startsWith('T')).map((o) => [big(o.id)])],
    ['LIKE with an escape', "SELECT COUNT(*) FROM O WHERE item LIKE '%\\%%' OR item LIKE 'a\\_b'", [[big(orders.filter((o) => /%/.test(o.item) || o.item === 'a_b').length)]]],
    ['ILIKE', "SELECT COUNT(*) FROM O WHERE item ILIKE 'TEA'", [[big(orders.filter((o) => /^tea$/i.test(o.item)).length)]]],
    ['BETWEEN and arithmetic', 'SELECT id, age * 2 + 1 FROM P WHERE age BETWEEN 20 AND 25', people.filter((p) => p.age >= 20 && p.age <= 25).map((p) => [p.id, p.age * 2 + 1])],
    ['integer division and remainder', 'SELECT id / 7, id % 7, -id / 7 FROM P WHERE id < 20', people.slice(0, 19).map((p) => [Math.trunc(p.id / 7), p.id % 7, 0 - Math.trunc(p.id / 7)])],
    ['IS NULL and COALESCE', "SELECT id, COALESCE(city, 'nowhere') FROM P WHERE city IS NULL OR age IS NULL", people.filter((p) => p.city === null || p.age === null).map((p) => [p.id, p.city ?? 'nowhere'])],
    ['three-valued logic', "SELECT COUNT(*) FROM P WHERE NOT (city = 'Oslo')", [[big(people.filter((p) => p.city !== null && p.city !== 'Oslo').length)]]],
    ['NOT IN with a NULL finds nothing', "SELECT id FROM P WHERE city NOT IN ('Oslo', NULL)", []],
    ['IS DISTINCT FROM', "SELECT COUNT(*) FROM P WHERE city IS DISTINCT FROM 'Oslo'", [[big(people.filter((p) => p.city !== 'Oslo').length)]]],
    ['CASE', "SELECT id, CASE WHEN age IS NULL THEN 'unknown' WHEN age < 30 THEN 'young' ELSE 'old' END FROM P WHERE id <= 24",
        people.slice(0, 24).map((p) => [p.id, p.age === null ? 'unknown' : p.age < 30 ? 'young' : 'old'])],
    ['text functions', "SELECT upper(name), length(city), substr(name, 2), city || '!' FROM P WHERE id <= 5",
        people.slice(0, 5).map((p) => [p.name.toUpperCase(), p.city === null ? null : [...p.city].length, p.name.slice(1), p.city === null ? null : `${p.city}!`])],
    ['dates', "SELECT id FROM O WHERE day >= DATE '2026-03-01' AND day < DATE '2026-03-05'", orders.filter((o) => date(o.day) >= '2026-03-01' && date(o.day) < '2026-03-05').map((o) => [big(o.id)])],
    ['decimals', 'SELECT id, amount, -amount FROM O WHERE amount < -0.50', orders.filter((o) => o.amount < -50).map((o) => [big(o.id), cents(o.amount), cents(-o.amount)])],
    ['an order on what is computed', 'SELECT id FROM P WHERE score IS NOT NULL ORDER BY score * -1, id LIMIT 5',
        people.filter((p) => p.score !== null).sort(chain(desc((p) => p.score), by((p) => p.id))).slice(0, 5).map((p) => [p.id])],
    // aggregates
    ['aggregates of everything', 'SELECT COUNT(*), COUNT(age), COUNT(DISTINCT city), SUM(age), MIN(name), MAX(score) FROM P',
        [[big(60), big(known(people.map((p) => p.age)).length), '4', big(sum(known(people.map((p) => p.age)))), min(people.map((p) => p.name)), max(people.map((p) => p.score))]]],
    ['aggregates of nothing', 'SELECT COUNT(*), SUM(age), MAX(name) FROM P WHERE id < 0', [['0', null, null]]],
    ['averages', 'SELECT AVG(age), AVG(score) FROM P', [[sum(known(people.map((p) => p.age))) / known(people.map((p) => p.age)).length, sum(known(people.map((p) => p.score))) / known(people.map((p) => p.score)).length]]],
    ['sums of decimals', 'SELECT SUM(amount) FROM O', [[cents(sum(orders.map((o) => o.amount)))]]],
    ['GROUP BY', 'SELECT city, COUNT(*), SUM(age) FROM P GROUP BY city ORDER BY city',
        group(people, (p) => p.city).sort((a, b) => by((x) => bytes(x[0]))(a, b)).map(([city, all]) => [city, big(all.length), big(sum(known(all.map((p) => p.age))))])],
    ['HAVING', 'SELECT item, MIN(amount) FROM O GROUP BY item HAVING COUNT(*) > 10 AND MIN(amount) < 0 ORDER BY 1',
        group(orders, (o) => o.item).filter(([, all]) => all.length > 10 && min(all.map((o) => o.amount)) < 0).sort((a, b) => by((x) => bytes(x[0]))(a, b)).map(([item, all]) => [item, cents(min(all.map((o) => o.amount)))])],
    ['GROUP BY what is computed', 'SELECT id % 4 AS m, COUNT(*) FROM P GROUP BY id % 4 ORDER BY m', [0, 1, 2, 3].map((m) => [m, '15'])],
    ['FILTER', "SELECT COUNT(*) FILTER (WHERE item = 'tea'), COUNT(*) FROM O", [[big(orders.filter((o) => o.item === 'tea').length), '150']]],
    ['DISTINCT over two columns', 'SELECT DISTINCT city, age IS NULL FROM P ORDER BY 1, 2',
        [...new Map(people.map((p) => [JSON.stringify([p.city, p.age === null]), [p.city, p.age === null]])).values()].sort(by((r) => bytes(r[0]), (r) => r[1]))],
    // joins
    ['an inner join', 'SELECT o.id, p.name FROM O o JOIN P p ON p.id = o.person WHERE o.id < 1020 ORDER BY o.id',
        orders.slice(0, 20).filter(personOf).map((o) => [big(o.id), personOf(o).name])],
    ['a left join', 'SELECT o.id, p.name FROM O o LEFT JOIN P p ON p.id = o.person ORDER BY o.id', orders.map((o) => [big(o.id), personOf(o)?.name ?? null])],
    ['what has no partner', 'SELECT o.id FROM O o LEFT JOIN P p ON p.id = o.person WHERE p.id IS NULL ORDER BY 1', orders.filter((o) => !personOf(o)).map((o) => [big(o.id)])],
    ['a full join', 'SELECT COUNT(*), COUNT(o.id), COUNT(p.id) FROM O o FULL JOIN P p ON p.id = o.person',
        [[big(150 + people.filter((p) => !orders.some((o) => o.person === p.id)).length), '150', big(orders.filter(personOf).length + people.filter((p) => !orders.some((o) => o.person === p.id)).length)]]],
    ['a join with itself', 'SELECT a.id, b.id FROM P a JOIN P b ON a.city = b.city AND a.id < b.id AND b.id < 12 ORDER BY 1, 2',
        people.slice(0, 11).flatMap((a) => people.slice(0, 11).filter((b) => a.city !== null && a.city === b.city && a.id < b.id).map((b) => [a.id, b.id]))],
    ['a cross join', 'SELECT COUNT(*) FROM P a CROSS JOIN O b', [[big(60 * 150)]]],
    ['three tables', 'SELECT p.city, SUM(o.amount) FROM P p JOIN O o ON o.person = p.id JOIN P q ON q.id = p.id GROUP BY p.city ORDER BY 1',
        group(orders.filter(personOf), (o) => personOf(o).city).sort((a, b) => by((x) => bytes(x[0]))(a, b)).map(([city, all]) => [city, cents(sum(all.map((o) => o.amount)))])],
    ['USING', 'SELECT COUNT(*) FROM P a JOIN P b USING (id)', [['60']]],
    // subqueries
    ['IN a subquery', "SELECT id FROM P WHERE id IN (SELECT person FROM O WHERE item = 'rope') ORDER BY id",
        people.filter((p) => orders.some((o) => o.person === p.id && o.item === 'rope')).map((p) => [p.id])],
    ['EXISTS', 'SELECT id FROM P p WHERE NOT EXISTS (SELECT 1 FROM O o WHERE o.person = p.id) ORDER BY id', people.filter((p) => !orders.some((o) => o.person === p.id)).map((p) => [p.id])],
    ['a correlated value', 'SELECT p.id, (SELECT MAX(o.amount) FROM O o WHERE o.person = p.id) FROM P p WHERE p.id <= 8 ORDER BY p.id',
        people.slice(0, 8).map((p) => [p.id, (() => { const m = max(orders.filter((o) => o.person === p.id).map((o) => o.amount)); return m === null ? null : cents(m); })()])],
    ['a value of its own', 'SELECT id FROM P WHERE score = (SELECT MAX(score) FROM P) ORDER BY id', people.filter((p) => p.score === max(people.map((x) => x.score))).map((p) => [p.id])],
    ['from a subquery', 'SELECT x.n, COUNT(*) FROM (SELECT person, COUNT(*) AS n FROM O WHERE person IS NOT NULL GROUP BY person) AS x GROUP BY x.n ORDER BY 1',
        group(group(orders.filter((o) => o.person !== null), (o) => o.person), ([, all]) => all.length).sort((a, b) => a[0] - b[0]).map(([n, all]) => [big(n), big(all.length)])],
    // with, set operations, windows
    ['WITH', 'WITH rich AS (SELECT person, SUM(amount) AS s FROM O GROUP BY person), top AS (SELECT * FROM rich WHERE person IS NOT NULL ORDER BY s DESC, person LIMIT 3) SELECT person FROM top ORDER BY s DESC, person',
        group(orders.filter((o) => o.person !== null), (o) => o.person).map(([person, all]) => ({ person, s: sum(all.map((o) => o.amount)) }))
            .sort(chain(desc((r) => r.s), by((r) => r.person))).slice(0, 3).map((r) => [r.person])],
    ['UNION', "SELECT city FROM P UNION SELECT item FROM O ORDER BY 1", [...new Set([...people.map((p) => p.city), ...orders.map((o) => o.item)])].sort(by(bytes)).map((v) => [v])],
    ['UNION ALL', 'SELECT COUNT(*) FROM (SELECT id FROM P UNION ALL SELECT id FROM O) AS u', [['210']]],
    ['INTERSECT', 'SELECT id FROM P INTERSECT SELECT person FROM O ORDER BY 1', people.filter((p) => orders.some((o) => o.person === p.id)).map((p) => [p.id])],
    ['EXCEPT', 'SELECT person FROM O WHERE person IS NOT NULL EXCEPT SELECT id FROM P ORDER BY 1', [...new Set(known(orders.map((o) => o.person)).filter((id) => id > 60))].sort((a, b) => a - b).map((id) => [id])],
    ['ROW_NUMBER', 'SELECT id, ROW_NUMBER() OVER (PARTITION BY city ORDER BY name) FROM P ORDER BY id',
        people.map((p) => [p.id, big(people.filter((x) => x.city === p.city && x.name <= p.name).length)])],
    ['RANK and a running sum', 'SELECT id, RANK() OVER (ORDER BY age), SUM(id) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM P WHERE age IS NOT NULL AND id < 20 ORDER BY id',
        (() => { const some = people.filter((p) => p.age !== null && p.id < 20); return some.map((p, i) => [p.id, big(1 + some.filter((x) => x.age < p.age).length), big(sum(some.slice(Math.max(0, i - 2), i + 1).map((x) => x.id)))]); })()],
    ['LAG', 'SELECT id, LAG(id) OVER (ORDER BY id), LEAD(name, 2) OVER (ORDER BY id) FROM P WHERE id <= 6 ORDER BY id',
        people.slice(0, 6).map((p, i) => [p.id, i > 0 ? p.id - 1 : null, i < 4 ? people[i + 2].name : null])],
    ['the best of each', "SELECT city, name FROM (SELECT city, name, ROW_NUMBER() OVER (PARTITION BY city ORDER BY score DESC NULLS LAST, id) AS r FROM P) AS x WHERE r = 1 ORDER BY city",
        group(people, (p) => p.city).sort((a, b) => by((x) => bytes(x[0]))(a, b)).map(([city, all]) => [city, [...all].sort(chain((a, b) => (a.score === null) - (b.score === null), desc((p) => p.score), by((p) => p.id)))[0].name])],
    ['string_agg', "SELECT string_agg(name, ',' ORDER BY id) FROM P WHERE id <= 4", [[people.slice(0, 4).map((p) => p.name).join(',')]]],
    ['values of one\'s own', "SELECT v.n, p.name FROM (VALUES (3), (1), (99)) AS v(n) LEFT JOIN P p ON p.id = v.n ORDER BY v.n", [[1, people[0].name], [3, people[2].name], [99, null]]],
    ['a filter on system columns', 'SELECT COUNT(*) FROM P WHERE _seq > 0 AND _deleted = FALSE', [['60']]],
];

for (const [what, sql, expected] of QUERIES) {
    test(what, async () => {
        for (const tier of TIERS) {
            const text = sql.replace(/\bP\b/g, `${tier}.people`).replace(/\bO\b/g, `${tier}.orders`);
            assert.deepEqual(await alice.rows(text), expected, `${tier}: ${text}`);
        }
    });
}

test('tiers join each other', async () => {
    assert.equal(await alice.value('SELECT COUNT(*) FROM hot.people a JOIN cold.people b ON a.id = b.id AND a.name = b.name JOIN mixed.people c ON c.id = a.id AND c.name = a.name'), '60');
    for (const [a, b] of [['hot', 'cold'], ['cold', 'mixed'], ['mixed', 'hot']])
        for (const name of ['people', 'orders'])
            assert.deepEqual(await alice.rows(`SELECT * FROM (SELECT * FROM ${a}.${name} EXCEPT SELECT * FROM ${b}.${name}) AS x`), [], `${a} and ${b} hold the same ${name}`);
});

test('what changes after a query is seen by the next', async () => {
    for (const tier of TIERS) {
        const count = `SELECT COUNT(*), SUM(age) FROM ${tier}.people`;
        const before = await alice.rows(count);
        await alice.run(`INSERT INTO ${tier}.people VALUES (500, 'new', NULL, 1000, NULL)`);
        assert.deepEqual(await alice.rows(count), [['61', big(Number(before[0][1]) + 1000)]], tier);
        await alice.run(`UPDATE ${tier}.people SET age = 2000 WHERE id = 500`);
        assert.deepEqual(await alice.rows(count), [['61', big(Number(before[0][1]) + 2000)]], tier);
        await alice.run(`DELETE FROM ${tier}.people WHERE id = 500`);
        assert.deepEqual(await alice.rows(count), before, tier);
    }
});

test('EXPLAIN says which way a query goes', async () => {
    await admin.run("INSERT INTO hot.people VALUES (1, 'a', NULL, NULL, NULL)");
    for (const [sql, way] of [['SELECT name FROM hot.people WHERE id = 1', /row/i], ['SELECT COUNT(*) FROM hot.people a JOIN hot.people b USING (id)', /engine/i]]) {
        const result = await admin.one(`EXPLAIN ${sql}`);
        assert.deepEqual(result.schema.slice(0, 2).map((column) => column.name), ['plan_type', 'plan']);
        assert.match(JSON.stringify(result.rows), way, sql);
    }
});

test('many flushed rows without key bounds are the engine\'s, in key order as ever', async () => {
    await admin.run('CREATE NAMESPACE scan; CREATE USER TABLE scan.t (id INT PRIMARY KEY, a INT, j JSON)');
    await admin.run("INSERT INTO scan.t SELECT 50001 - i, i % 1000, '{\"k\":1.50}' FROM generate_series(1, 50000) AS g(i)");
    const way = async (sql) => (await admin.rows(`EXPLAIN ${sql}`))[0][1];
    const search = 'SELECT id FROM scan.t WHERE a = 7';
    assert.match(await way(search), /^row path/);
    const hot = await admin.column(search);
    await flush(admin, 'scan.t');
    assert.equal(await way(search), 'engine path: no key bounds and 50000 flushed rows to read');
    assert.deepEqual(await admin.column(search), hot);
    assert.deepEqual(hot, [...hot].sort((a, b) => a - b));
    // What the two paths may answer differently, or what the row path finds sooner, stays there.
    for (const sql of [`${search} AND id > 10`, `${search} LIMIT 5`, `${search} AND 10 / a > 1`, 'SELECT j -> \'k\' FROM scan.t',
        'SELECT id FROM scan.t WHERE a > 1000', 'SELECT snowflake_id() FROM scan.t'])
        assert.match(await way(sql), /^row path/, sql);
});

testStop(server);
