/**
 * SQL of `holdfast_bin`: the one procedure that sessions may call, and what it holds itself to.
 * Without a ticket for this very session it does nothing.
 */

export const binCarryOut = String.raw`
-- Nothing of the text is left undone, and nothing that stays hangs on what rests.
CREATE OR REPLACE FUNCTION holdfast_bin.hold_to(of_entry bigint, gone bigint[], touched oid[], shapes jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  o record;
  now jsonb := holdfast_bin.shapes(touched);
BEGIN
  SELECT r::oid::regclass AS name INTO o FROM jsonb_object_keys(shapes) AS r WHERE shapes -> r IS DISTINCT FROM now -> r LIMIT 1;
  IF o.name IS NOT NULL THEN
    RAISE EXCEPTION 'the statement does more to % than remove, and the bin keeps only what is removed', o.name USING ERRCODE = 'HF002';
  END IF;
  SELECT x.type, x.name INTO o FROM holdfast_bin.object x, LATERAL pg_identify_object(x.class, x.object, 0) AS i
    WHERE x.entry = of_entry AND x.how <> 'column' AND x.type <> 'inheritance' AND i.identity IS NOT NULL
      AND (x.how = 'made' OR i.schema IS NOT NULL AND NOT EXISTS (SELECT FROM holdfast_bin.place p WHERE p.entry = of_entry AND p.resting = i.schema)) LIMIT 1;
  IF o.type IS NOT NULL THEN PERFORM holdfast_bin.refuse_kept(o.type || ' ' || o.name, 'it could not be moved out of the way'); END IF;
  SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS what, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) AS needs INTO o
    FROM unnest(gone) AS g JOIN pg_depend d ON d.refclassid = (g >> 32)::oid AND d.refobjid = (g & 4294967295)::oid
    CROSS JOIN LATERAL holdfast_bin.holder(d.classid, d.objid) AS h, LATERAL pg_identify_object(h.of_class, h.of_object, 0) AS i
    WHERE d.deptype IN ('n', 'a') AND d.classid NOT IN ('pg_publication_rel'::regclass, 'pg_default_acl'::regclass) AND i.identity IS NOT NULL
      AND NOT EXISTS (SELECT FROM holdfast_bin.place p WHERE p.resting = coalesce(i.schema, i.name)) LIMIT 1;
  IF o.what IS NOT NULL THEN PERFORM holdfast_bin.refuse_kept(o.needs, o.what || ' needs it since a moment ago: try again'); END IF;
END
$fn$;

-- Whether something that rests needs what is outside and neither the server's, an extension's nor ours.
CREATE OR REPLACE FUNCTION holdfast_bin.leans(gone bigint[]) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT EXISTS (SELECT FROM unnest(gone) AS g JOIN pg_depend d ON d.classid = (g >> 32)::oid AND d.objid = (g & 4294967295)::oid
    WHERE d.refobjid >= 16384 AND d.deptype IN ('n', 'a')
      AND d.refclassid NOT IN ('pg_namespace'::regclass, 'pg_extension'::regclass, 'pg_language'::regclass, 'pg_publication'::regclass)
      AND NOT holdfast_bin.address(d.refclassid, d.refobjid) = ANY (gone)
      AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.refclassid AND x.objid = d.refobjid AND x.deptype = 'e')
      AND coalesce((SELECT i.schema FROM pg_identify_object(d.refclassid, d.refobjid, 0) AS i), '') NOT LIKE 'holdfast\_%')
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.finish(of_entry bigint, gone bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $fn$
BEGIN
  UPDATE holdfast_bin.entry e SET leans = holdfast_bin.leans(gone), bytes = e.bytes + coalesce((
      SELECT sum(pg_total_relation_size(c.oid))::bigint FROM holdfast_bin.object o JOIN pg_class c ON o.class = 'pg_class'::regclass AND c.oid = o.object
      WHERE o.entry = of_entry AND c.relkind IN ('r', 'm', 'S')), 0) WHERE e.id = of_entry;
  -- What was named: of the statement's own kind, and neither a part nor a follower of another such thing. An ALTER names what it drops.
  UPDATE holdfast_bin.object o SET direct = true FROM holdfast_bin.entry e WHERE e.id = of_entry AND o.entry = of_entry
    AND o.how IN ('renamed', 'moved', 'made', 'column') AND o.type <> 'inheritance' AND (e.tag NOT LIKE 'DROP %' OR (
      o.type = lower(substr(e.tag, 6)) OR o.type IN ('composite type', 'table column') OR e.tag IN ('DROP ROUTINE', 'DROP FUNCTION', 'DROP STATISTICS'))
      AND o.step < 30.002 AND NOT EXISTS (SELECT FROM pg_inherits i JOIN holdfast_bin.object p ON p.entry = of_entry AND p.object = i.inhparent
        WHERE i.inhrelid = o.object AND o.class = 'pg_class'::regclass AND p.class = o.class)
      OR e.tag LIKE 'DROP %' AND o.type = lower(substr(e.tag, 6)) AND o.step >= 50);
  DELETE FROM holdfast_bin.object o WHERE o.entry = of_entry AND o.how = 'inside' AND (o.class, o.object) <> (o.of_class, o.of_object);
END
$fn$;

CREATE OR REPLACE PROCEDURE holdfast_bin.carry_out(ticket text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  t holdfast_bin.ticket;
  tried record;
  of_entry bigint;
BEGIN
  IF current_setting('transaction_read_only') = 'on' THEN
    -- As the server would say it of the statement itself.
    RAISE EXCEPTION 'cannot execute % in a read-only transaction', coalesce((SELECT x.tag FROM holdfast_bin.ticket x
      WHERE x.id = carry_out.ticket AND x.role = session_user), 'CALL') USING ERRCODE = 'read_only_sql_transaction';
  END IF;
  -- Another snapshot is as old as the transaction: rows and dependants that others commit before the lock is had would be removed unseen.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the bin can be used in READ COMMITTED transactions only' USING ERRCODE = 'HF005',
      HINT = 'send it in a transaction of its own that begins with BEGIN ISOLATION LEVEL READ COMMITTED';
  END IF;
  UPDATE holdfast_bin.ticket x SET used = clock_timestamp() WHERE x.id = carry_out.ticket AND x.used IS NULL AND x.role = session_user
    AND x.pid = pg_backend_pid() AND x.made > clock_timestamp() - interval '2 minutes' RETURNING x.* INTO t;
  IF t.id IS NULL THEN
    RAISE EXCEPTION 'there is no such ticket for this session' USING ERRCODE = 'HF004';
  END IF;
  IF t.tag = 'TRUNCATE TABLE' THEN PERFORM holdfast_bin.truncate_guard(t.text, holdfast_bin.path_of(t.search_path)); END IF;
  tried := holdfast_bin.trial(t.text, holdfast_bin.path_of(t.search_path));
  IF tried.gone = '{}' AND tried.columns = '{}' AND tried.emptied = '{}' THEN RETURN; END IF;
  INSERT INTO holdfast_bin.entry (name, ticket, tag, role, action) VALUES (t.entry, t.id, t.tag, t.role, t.action) RETURNING id INTO of_entry;
  IF t.tag = 'TRUNCATE TABLE' THEN
    IF tried.gone <> '{}' OR tried.columns <> '{}' THEN PERFORM holdfast_bin.refuse_kept('what is removed', 'it was to be emptied'); END IF;
    INSERT INTO holdfast_bin.object (entry, class, object, type, schema, name, bare, direct, how, of_class, of_object, step)
      SELECT of_entry, 'pg_class'::regclass, c.oid, i.type, i.schema, i.identity, i.name, true, 'emptied', 'pg_class'::regclass, c.oid, 20
      FROM pg_class c, LATERAL pg_identify_object('pg_class'::regclass, c.oid, 0) AS i WHERE c.oid = ANY (tried.emptied) AND c.relkind = 'r';
    UPDATE holdfast_bin.entry e SET bytes = holdfast_bin.truncate_keep(of_entry, holdfast_bin.place_for(of_entry, ''), t.text,
      holdfast_bin.path_of(t.search_path), tried.emptied, t.copy_limit) WHERE e.id = of_entry;
    RETURN;
  END IF;
  IF tried.emptied <> '{}' THEN
    RAISE EXCEPTION 'the statement does more than remove, and the bin keeps only what is removed' USING ERRCODE = 'HF002';
  END IF;
  PERFORM holdfast_bin.sort(of_entry, tried.gone, tried.columns);
  IF tried.columns <> '{}' THEN
    UPDATE holdfast_bin.entry e SET bytes = holdfast_bin.column_keep(of_entry, holdfast_bin.place_for(of_entry, ''), tried.columns, t.copy_limit)
      WHERE e.id = of_entry;
  END IF;
  PERFORM holdfast_bin.move(of_entry);
  PERFORM holdfast_bin.hold_to(of_entry, tried.gone, tried.touched, tried.shapes);
  PERFORM holdfast_bin.finish(of_entry, tried.gone);
END
$fn$;
`;
