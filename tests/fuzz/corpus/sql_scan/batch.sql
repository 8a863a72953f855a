BEGIN; INSERT INTO t VALUES (1); -- one; two
SELECT 2 /* ; /* nested */ */; COMMIT;