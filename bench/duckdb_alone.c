// SPDX-License-Identifier: Apache-2.0
// kalam-duckdb: DuckDB alone on Parquet files.
int main(void)
{
    return 0;
}
