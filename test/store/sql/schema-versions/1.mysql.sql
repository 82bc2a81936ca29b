create table if not exists posthorn_messages (
  seq bigint not null auto_increment primary key,
  id varchar(256) not null,
  tenant varchar(256) not null,
  type varchar(256) not null,
  happened_at bigint not null,
  created_at bigint not null,
  addressed bigint not null,
  test bigint not null,
  unmatched bigint,
  fan_out_lease varchar(256),
  fan_out_until bigint,
  idempotency_key varchar(256),
  held_key varchar(256),
  held_until bigint,
  ordering_key varchar(256),
  fingerprint varchar(256),
  extra longtext,
  data longtext not null,
  unique index posthorn_messages_id (id),
  unique index posthorn_messages_held_key (held_key, tenant),
  index posthorn_messages_unmatched (unmatched, seq),
  index posthorn_messages_tenant (tenant, seq)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
create table if not exists posthorn_deliveries (
  seq bigint not null auto_increment primary key,
  message_seq bigint not null,
  created_at bigint not null,
  due_at bigint not null,
  ready_at bigint,
  lease_until bigint,
  leased_at bigint,
  first_attempt_at bigint,
  finished_at bigint,
  attempts bigint not null,
  attempts_before_run bigint not null,
  rescues bigint not null,
  faults bigint not null,
  test bigint not null,
  counted bigint,
  id varchar(256) not null,
  endpoint_id varchar(256) not null,
  lane_id varchar(256) not null,
  tenant varchar(256) not null,
  type varchar(256) not null,
  state varchar(256) not null,
  reason varchar(256),
  lease varchar(256),
  owner varchar(256),
  cancelled varchar(256),
  ordering_key varchar(256),
  open_key varchar(256),
  active_key varchar(256),
  unique index posthorn_deliveries_id (id),
  unique index posthorn_deliveries_message (message_seq, endpoint_id),
  index posthorn_deliveries_endpoint (endpoint_id, seq),
  index posthorn_deliveries_state (state, seq, attempts),
  index posthorn_deliveries_endpoint_state (endpoint_id, state, seq, attempts),
  index posthorn_deliveries_ready (lane_id, ready_at, seq),
  index posthorn_deliveries_lease (lease_until),
  index posthorn_deliveries_open_key (open_key, endpoint_id, seq),
  index posthorn_deliveries_active_key (active_key, endpoint_id),
  index posthorn_deliveries_tenant (tenant, seq)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
create table if not exists posthorn_attempts (
  seq bigint not null auto_increment primary key,
  delivery_seq bigint not null,
  started_at bigint not null,
  duration_ms bigint not null,
  attempt bigint not null,
  endpoint_id varchar(256) not null,
  tenant varchar(256) not null,
  outcome varchar(256) not null,
  reason varchar(256),
  extra longtext,
  index posthorn_attempts_delivery (delivery_seq, seq),
  index posthorn_attempts_endpoint (endpoint_id, seq),
  index posthorn_attempts_tenant (tenant, seq)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
create table if not exists posthorn_lanes (
  id varchar(256) not null,
  paused bigint not null,
  held bigint,
  blocked_until bigint not null,
  blocked_reason varchar(256),
  rate_limit bigint,
  rate_interval_ms bigint,
  ready_at bigint,
  turns bigint not null,
  trips bigint,
  max_leases bigint,
  leases bigint,
  is_full bigint,
  rate_log longtext,
  primary key (id),
  index posthorn_lanes_ready (ready_at, turns, id)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
create table if not exists posthorn_totals (
  lane_id varchar(256) not null,
  succeeded bigint not null,
  failed bigint not null,
  last_triggered_at bigint,
  consecutive_failures bigint not null,
  failing_since bigint,
  primary key (lane_id)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
create table if not exists posthorn_endpoints (
  seq bigint not null auto_increment primary key,
  id varchar(256) not null,
  tenant varchar(256) not null,
  lane_id varchar(256) not null,
  hidden bigint not null,
  revision bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  record longtext not null,
  unique index posthorn_endpoints_id (id),
  index posthorn_endpoints_tenant (tenant, hidden, seq),
  index posthorn_endpoints_hidden (hidden, seq),
  index posthorn_endpoints_lane (lane_id)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
create table if not exists posthorn_counts (
  endpoint_id varchar(256) not null,
  minute_at bigint not null,
  outcome varchar(256) not null,
  bucket bigint not null,
  tenant varchar(256) not null,
  attempts bigint not null,
  longest_ms bigint not null,
  last_at bigint not null,
  primary key (endpoint_id, minute_at, outcome, bucket),
  index posthorn_counts_minute (minute_at)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
create table if not exists posthorn_settings (
  name varchar(256) not null,
  value longtext not null,
  primary key (name)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
create table if not exists posthorn_changes (
  number bigint not null,
  kind varchar(256) not null,
  ref varchar(256),
  primary key (number)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
insert into posthorn_settings (name, value) select 'sql.changes', '0' from (select 1 as one) as source
where not exists (select 1 from posthorn_settings where name = 'sql.changes');
delete from posthorn_settings where name = 'sql.schema_version';
insert into posthorn_settings (name, value) values ('sql.schema_version', '1');
