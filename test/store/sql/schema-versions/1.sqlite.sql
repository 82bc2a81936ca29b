create table if not exists posthorn_messages (
  seq integer primary key autoincrement,
  id text not null,
  tenant text not null,
  type text not null,
  happened_at integer not null,
  created_at integer not null,
  addressed integer not null,
  test integer not null,
  unmatched integer,
  fan_out_lease text,
  fan_out_until integer,
  idempotency_key text,
  held_key text,
  held_until integer,
  ordering_key text,
  fingerprint text,
  extra text,
  data text not null
);
create unique index if not exists posthorn_messages_id on posthorn_messages (id);
create unique index if not exists posthorn_messages_held_key on posthorn_messages (tenant, held_key) where held_key is not null;
create index if not exists posthorn_messages_unmatched on posthorn_messages (unmatched, seq) where unmatched is not null;
create index if not exists posthorn_messages_tenant on posthorn_messages (tenant, seq) where tenant <> 'default';
create table if not exists posthorn_deliveries (
  seq integer primary key autoincrement,
  message_seq integer not null,
  created_at integer not null,
  due_at integer not null,
  ready_at integer,
  lease_until integer,
  leased_at integer,
  first_attempt_at integer,
  finished_at integer,
  attempts integer not null,
  attempts_before_run integer not null,
  rescues integer not null,
  faults integer not null,
  test integer not null,
  counted integer,
  id text not null,
  endpoint_id text not null,
  lane_id text not null,
  tenant text not null,
  type text not null,
  state text not null,
  reason text,
  lease text,
  owner text,
  cancelled text,
  ordering_key text,
  open_key text,
  active_key text
);
create unique index if not exists posthorn_deliveries_id on posthorn_deliveries (id);
create unique index if not exists posthorn_deliveries_message on posthorn_deliveries (message_seq, endpoint_id);
create index if not exists posthorn_deliveries_endpoint on posthorn_deliveries (endpoint_id, seq);
create index if not exists posthorn_deliveries_state on posthorn_deliveries (state, seq, attempts) where state <> 'succeeded' and state <> 'sending';
create index if not exists posthorn_deliveries_endpoint_state on posthorn_deliveries (endpoint_id, state, seq, attempts) where state <> 'succeeded' and state <> 'sending';
create index if not exists posthorn_deliveries_ready on posthorn_deliveries (lane_id, ready_at, seq) where ready_at is not null;
create index if not exists posthorn_deliveries_lease on posthorn_deliveries (lease_until) where lease_until is not null;
create index if not exists posthorn_deliveries_open_key on posthorn_deliveries (endpoint_id, open_key, seq) where open_key is not null;
create index if not exists posthorn_deliveries_active_key on posthorn_deliveries (endpoint_id, active_key) where active_key is not null;
create index if not exists posthorn_deliveries_test on posthorn_deliveries (state, attempts) where test = 1;
create index if not exists posthorn_deliveries_tenant on posthorn_deliveries (tenant, seq) where tenant <> 'default';
create table if not exists posthorn_attempts (
  seq integer primary key autoincrement,
  delivery_seq integer not null,
  started_at integer not null,
  duration_ms integer not null,
  attempt integer not null,
  endpoint_id text not null,
  tenant text not null,
  outcome text not null,
  reason text,
  extra text
);
create index if not exists posthorn_attempts_delivery on posthorn_attempts (delivery_seq, seq);
create index if not exists posthorn_attempts_endpoint on posthorn_attempts (endpoint_id, seq);
create index if not exists posthorn_attempts_tenant on posthorn_attempts (tenant, seq) where tenant <> 'default';
create table if not exists posthorn_lanes (
  id text not null,
  paused integer not null,
  held integer,
  blocked_until integer not null,
  blocked_reason text,
  rate_limit integer,
  rate_interval_ms integer,
  ready_at integer,
  turns integer not null,
  trips integer,
  max_leases integer,
  leases integer,
  is_full integer,
  rate_log text,
  primary key (id)
);
create index if not exists posthorn_lanes_ready on posthorn_lanes (ready_at, turns, id) where ready_at is not null;
create table if not exists posthorn_totals (
  lane_id text not null,
  succeeded integer not null,
  failed integer not null,
  last_triggered_at integer,
  consecutive_failures integer not null,
  failing_since integer,
  primary key (lane_id)
);
create table if not exists posthorn_endpoints (
  seq integer primary key autoincrement,
  id text not null,
  tenant text not null,
  lane_id text not null,
  hidden integer not null,
  revision integer not null,
  created_at integer not null,
  updated_at integer not null,
  record text not null
);
create unique index if not exists posthorn_endpoints_id on posthorn_endpoints (id);
create index if not exists posthorn_endpoints_tenant on posthorn_endpoints (tenant, hidden, seq);
create index if not exists posthorn_endpoints_hidden on posthorn_endpoints (hidden, seq);
create index if not exists posthorn_endpoints_lane on posthorn_endpoints (lane_id);
create table if not exists posthorn_counts (
  endpoint_id text not null,
  minute_at integer not null,
  outcome text not null,
  bucket integer not null,
  tenant text not null,
  attempts integer not null,
  longest_ms integer not null,
  last_at integer not null,
  primary key (endpoint_id, minute_at, outcome, bucket)
);
create index if not exists posthorn_counts_minute on posthorn_counts (minute_at);
create table if not exists posthorn_settings (
  name text not null,
  value text not null,
  primary key (name)
);
create table if not exists posthorn_changes (
  number integer not null,
  kind text not null,
  ref text,
  primary key (number)
);
insert into posthorn_settings (name, value) select 'sql.changes', '0' from (select 1 as one) as source
where not exists (select 1 from posthorn_settings where name = 'sql.changes');
delete from posthorn_settings where name = 'sql.schema_version';
insert into posthorn_settings (name, value) values ('sql.schema_version', '1');
