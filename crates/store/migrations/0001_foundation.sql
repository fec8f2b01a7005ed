-- The first schema. Words in braces are filled in for each engine by src/migrate.rs:
--   {id}         the key of a table whose rows have an id of their own
--   {int} {text} {blob}   column types; {text} compares by bytes on both engines
--   {end}        ends a table
--   {clustered}  ends a table that is stored in the order of its key where the engine can
--   {updated}    ends a table whose rows change: leaves room so that a change needs no index entry (PostgreSQL)
-- Moments are microseconds since 1970, ids 63-bit numbers, JSON is text that SQL never looks into.
-- Unique indexes are named, for these names are what StoreError::Duplicate tells.

CREATE TABLE workspaces (
  id {id},
  name {text} NOT NULL,
  time_zone {text} NOT NULL,
  country {text},
  -- Raised with every change to people or settings, so that a cache knows what it holds.
  version {int} NOT NULL,
  created_at {int} NOT NULL
){end};

CREATE TABLE accounts (
  id {id},
  email_key {text} NOT NULL,
  email {text} NOT NULL,
  password_hash {text},
  created_at {int} NOT NULL
){end};
-- A sign-in is found by its e-mail.
CREATE UNIQUE INDEX accounts_email ON accounts (email_key);

CREATE TABLE users (
  id {id},
  workspace_id {int} NOT NULL,
  account_id {int},
  email {text} NOT NULL,
  email_key {text} NOT NULL,
  first_name {text} NOT NULL,
  last_name {text} NOT NULL,
  admin {int} NOT NULL,
  state {text} NOT NULL,
  created_at {int} NOT NULL
){end};
-- All people of a workspace; one user an e-mail.
CREATE UNIQUE INDEX users_email ON users (workspace_id, email_key);

CREATE TABLE api_keys (
  id {id},
  workspace_id {int} NOT NULL,
  name {text} NOT NULL,
  hash {blob} NOT NULL,
  created_by {int},
  read_only {int} NOT NULL,
  -- JSON list of the workflows that the key is narrowed to.
  workflows {text},
  role {text},
  expires_at {int},
  revoked_at {int},
  created_at {int} NOT NULL
){end};
-- Every request finds its key by the hash.
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
-- The keys of a workspace, in the order made.
CREATE INDEX api_keys_of_workspace ON api_keys (workspace_id, id);

CREATE TABLE workflows (
  id {id},
  workspace_id {int} NOT NULL,
  name {text} NOT NULL,
  name_key {text} NOT NULL,
  revision {int} NOT NULL,
  archived_at {int},
  created_at {int} NOT NULL,
  created_by_kind {text} NOT NULL,
  created_by_id {int}
){end};
-- The workflows of a workspace; one a name.
CREATE UNIQUE INDEX workflows_name ON workflows (workspace_id, name_key);

CREATE TABLE definitions (
  workflow_id {int} NOT NULL,
  revision {int} NOT NULL,
  document {text} NOT NULL,
  created_at {int} NOT NULL,
  created_by_kind {text} NOT NULL,
  created_by_id {int},
  PRIMARY KEY (workflow_id, revision)
){clustered};

CREATE TABLE collaborators (
  workspace_id {int} NOT NULL,
  workflow_id {int} NOT NULL,
  user_id {int} NOT NULL,
  role_id {int} NOT NULL,
  PRIMARY KEY (workspace_id, workflow_id, user_id)
){clustered};

-- The last number given out as an autoincrement Unique ID; it never goes back.
CREATE TABLE unique_numbers (
  workflow_id {id},
  last {int} NOT NULL
){end};

CREATE TABLE tasks (
  id {id},
  workspace_id {int} NOT NULL,
  workflow_id {int} NOT NULL,
  stage_id {int} NOT NULL,
  assignee_id {int},
  active {int} NOT NULL,
  version {int} NOT NULL,
  unique_key {text},
  created_at {int} NOT NULL,
  updated_at {int} NOT NULL,
  created_by_kind {text} NOT NULL,
  created_by_id {int},
  -- The sequence of the last execution that finished. Those that wait are in jobs, so accepting one does not
  -- touch this row.
  finished_sequence {int} NOT NULL,
  performers {text} NOT NULL,
  field_values {text} NOT NULL
){updated};
-- A task by its Unique ID; no two tasks of a workflow have the same.
CREATE UNIQUE INDEX tasks_unique_key ON tasks (workflow_id, unique_key) WHERE unique_key IS NOT NULL;
-- Lists in creation order.
CREATE INDEX tasks_of_workflow ON tasks (workflow_id, id);
-- Round-robin counts them, and leaving a workflow frees them.
CREATE INDEX tasks_active_of_assignee ON tasks (workflow_id, assignee_id) WHERE active = 1 AND assignee_id IS NOT NULL;

-- What lists filter by: one row for each key of a value. The sort key is kept for sorted lists.
CREATE TABLE task_values (
  workflow_id {int} NOT NULL,
  field_id {int} NOT NULL,
  exact_key {text} NOT NULL,
  task_id {int} NOT NULL,
  sort_key {text} NOT NULL,
  PRIMARY KEY (workflow_id, field_id, exact_key, task_id)
){clustered};

CREATE TABLE executions (
  id {id},
  workspace_id {int} NOT NULL,
  workflow_id {int} NOT NULL,
  task_id {int} NOT NULL,
  action_id {int} NOT NULL,
  revision {int} NOT NULL,
  sequence {int} NOT NULL,
  performer_kind {text} NOT NULL,
  performer_id {int},
  asked_by_kind {text} NOT NULL,
  asked_by_id {int},
  request {text},
  created_at {int} NOT NULL,
  status {text} NOT NULL,
  finished_at {int},
  errors {text},
  steps {text}
){updated};

-- What is to be done: a row lives from the commit that asks for it to the commit that records its result.
CREATE TABLE jobs (
  id {id},
  workspace_id {int} NOT NULL,
  task_id {int} NOT NULL,
  sequence {int} NOT NULL,
  -- At the head of its task's queue.
  ready {int} NOT NULL,
  -- 0: at once.
  due_at {int} NOT NULL,
  node_id {int},
  boot {int},
  epoch {int} NOT NULL,
  starts {int} NOT NULL
){updated};
-- The queue of a task: its last sequence when one more is accepted, its next when one has finished.
CREATE UNIQUE INDEX jobs_of_task ON jobs (task_id, sequence);
-- What any node may claim, workspace by workspace. A job that is born claimed never enters it.
CREATE INDEX jobs_unclaimed ON jobs (workspace_id, due_at, id) WHERE ready = 1 AND node_id IS NULL;

-- One lease a node, for all that it has claimed.
CREATE TABLE nodes (
  id {id},
  boot {int} NOT NULL,
  -- By the database's clock; null when the node holds nothing.
  lease_until {int}
){end};

CREATE TABLE activity (
  id {id},
  workspace_id {int} NOT NULL,
  workflow_id {int},
  task_id {int},
  version {int} NOT NULL,
  at {int} NOT NULL,
  actor_kind {text} NOT NULL,
  actor_id {int},
  request {text},
  execution_id {int},
  kind {text} NOT NULL,
  before_values {text},
  after_values {text},
  salt {blob},
  hash {blob} NOT NULL,
  -- Its task was deleted: values and salt are gone.
  erased {int} NOT NULL,
  -- Its place in the workspace's history and the hash of all up to it. Given by the sealer: in the same commit on
  -- SQLite, soon after it on PostgreSQL.
  sequence {int},
  chain {blob}
){end};
-- The history of one task; what is to be erased with it.
CREATE INDEX activity_of_task ON activity (task_id, version, id) WHERE task_id IS NOT NULL;
-- The history of a workspace in its order.
CREATE UNIQUE INDEX activity_sequence ON activity (workspace_id, sequence) WHERE sequence IS NOT NULL;
-- What the sealer has before it; always empty on SQLite.
CREATE INDEX activity_unsealed ON activity (id) WHERE sequence IS NULL;

-- Where each chain ends: what was cut off at the end is missed too.
CREATE TABLE activity_heads (
  workspace_id {id},
  sequence {int} NOT NULL,
  chain {blob} NOT NULL
){end};

CREATE TABLE comments (
  id {id},
  workspace_id {int} NOT NULL,
  task_id {int} NOT NULL,
  author_kind {text} NOT NULL,
  author_id {int},
  body {text} NOT NULL,
  created_at {int} NOT NULL
){end};
-- The comments of a task, oldest first.
CREATE INDEX comments_of_task ON comments (task_id, id);

-- Of an item of the template only status and assignee; of the task's own also stage and title.
CREATE TABLE checklist_items (
  task_id {int} NOT NULL,
  item_id {int} NOT NULL,
  workspace_id {int} NOT NULL,
  status {text} NOT NULL,
  assignee_id {int},
  stage_id {int},
  title {text},
  PRIMARY KEY (task_id, item_id)
){clustered};

CREATE TABLE idempotency (
  workspace_id {int} NOT NULL,
  scope {blob} NOT NULL,
  body_hash {blob} NOT NULL,
  status {int} NOT NULL,
  headers {text} NOT NULL,
  body {blob} NOT NULL,
  created_at {int} NOT NULL,
  PRIMARY KEY (workspace_id, scope)
){clustered};
-- Old answers are thrown away.
CREATE INDEX idempotency_by_age ON idempotency (created_at);
