// SPDX-License-Identifier: Apache-2.0
// The rights matrix.
#include "auth/rights.h"

#include "base/assert.h"

// The least role that has each right; roles are ordered.
static const kdb_role least[KDB_RIGHT_COUNT] = {
    [KDB_RIGHT_QUERY] = KDB_ROLE_USER,        [KDB_RIGHT_SHOW] = KDB_ROLE_USER,
    [KDB_RIGHT_CREATE_TABLE] = KDB_ROLE_USER, [KDB_RIGHT_SHARED_TABLE] = KDB_ROLE_SERVICE,
    [KDB_RIGHT_DROP_TABLE] = KDB_ROLE_DBA,    [KDB_RIGHT_NAMESPACE] = KDB_ROLE_DBA,
    [KDB_RIGHT_STORAGE] = KDB_ROLE_DBA,       [KDB_RIGHT_MAINTENANCE] = KDB_ROLE_SERVICE,
    [KDB_RIGHT_USERS] = KDB_ROLE_DBA,         [KDB_RIGHT_JOBS] = KDB_ROLE_DBA,
    [KDB_RIGHT_EXPLAIN] = KDB_ROLE_DBA,
};

bool kdb_role_may(kdb_role role, kdb_right right)
{
    KDB_ASSERT((unsigned)right < KDB_RIGHT_COUNT);
    return role >= least[right];
}

bool kdb_role_may_act_as(kdb_role actor, kdb_role target)
{
    switch (actor) {
    case KDB_ROLE_SYSTEM:
        return true;
    case KDB_ROLE_DBA:
        return target <= KDB_ROLE_DBA;
    case KDB_ROLE_SERVICE:
        return target <= KDB_ROLE_SERVICE;
    case KDB_ROLE_USER:
    case KDB_ROLE_ANONYMOUS:
        return false;
    }
    KDB_UNREACHABLE();
}

bool kdb_role_may_grant(kdb_role actor, kdb_role granted)
{
    if (granted == KDB_ROLE_SYSTEM)
        return actor == KDB_ROLE_SYSTEM;
    return kdb_role_is_admin(actor);
}
