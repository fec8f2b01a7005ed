-- Executions that wait for the world outside: calls, waits, timers, secrets. The words in braces are those of the first file.

-- The execution that this one is a retry of; always the first of them.
ALTER TABLE executions ADD COLUMN retry_of {int};
-- Who asked it to end, as the error names them.
ALTER TABLE executions ADD COLUMN cancelled_by {text};
-- Of the time that an execution may take in all, in microseconds; waiting does not count.
ALTER TABLE executions ADD COLUMN spent {int} NOT NULL DEFAULT 0;
-- The task as it was when this execution deleted it, for the texts of later steps; gone when the execution ends.
ALTER TABLE executions ADD COLUMN snapshot {text};
-- The list of a workflow's executions, newest first.
CREATE INDEX executions_of_workflow ON executions (workflow_id, id);
-- The failed ones among them.
CREATE INDEX executions_failed ON executions (workflow_id, id) WHERE status = 'Fail';
-- The retries of an execution.
CREATE INDEX executions_retries ON executions (retry_of, id) WHERE retry_of IS NOT NULL;

-- 1: what comes next is a call, which takes one of the node's open calls instead of a worker.
ALTER TABLE jobs ADD COLUMN outgoing {int} NOT NULL DEFAULT 0;
DROP INDEX jobs_unclaimed;
-- What any node may claim, workspace by workspace. A job that is born claimed never enters it.
CREATE INDEX jobs_unclaimed ON jobs (workspace_id, outgoing, due_at, id) WHERE ready = 1 AND node_id IS NULL;
-- Whether there is anything to claim now, however much waits for later.
CREATE INDEX jobs_due ON jobs (outgoing, due_at) WHERE ready = 1 AND node_id IS NULL;

-- What a step sends, rendered once, and what came back. A row stays with its execution.
CREATE TABLE calls (
  execution_id {int} NOT NULL,
  -- Counted from 1.
  step {int} NOT NULL,
  workspace_id {int} NOT NULL,
  -- JSON; secrets stand in it by name.
  request {text} NOT NULL,
  attempts {int} NOT NULL,
  -- Attempts whose failure is known.
  failures {int} NOT NULL,
  -- 1: an attempt may be under way, and its outcome unknown.
  open {int} NOT NULL,
  started_at {int} NOT NULL,
  -- Of the last attempt that was answered: the HTTP status and the first 4 KiB.
  status {int},
  answer {text},
  -- How the last attempt failed.
  error {text},
  PRIMARY KEY (execution_id, step)
){clustered};

-- Stage changes to come.
CREATE TABLE timers (
  id {id},
  workspace_id {int} NOT NULL,
  workflow_id {int} NOT NULL,
  task_id {int} NOT NULL,
  execution_id {int} NOT NULL,
  -- Where the task was when it was scheduled, and where it goes, with that stage's name at the time.
  from_stage_id {int} NOT NULL,
  stage_id {int} NOT NULL,
  stage_name {text} NOT NULL,
  -- 1: it stays when the task leaves its stage before.
  keep {int} NOT NULL,
  due_at {int} NOT NULL
){end};
-- Whether any is due.
CREATE INDEX timers_due ON timers (due_at);
-- The next of each workspace.
CREATE INDEX timers_of_workspace ON timers (workspace_id, due_at, id);
-- Those of a task, which end with its stage or with it.
CREATE INDEX timers_of_task ON timers (task_id, id);
-- How many of its timers end when it leaves its stage, so that a move looks for them only where there are any.
ALTER TABLE tasks ADD COLUMN timers {int} NOT NULL DEFAULT 0;

CREATE TABLE secrets (
  workspace_id {int} NOT NULL,
  name {text} NOT NULL,
  sealed {blob} NOT NULL,
  created_at {int} NOT NULL,
  updated_at {int} NOT NULL,
  PRIMARY KEY (workspace_id, name)
){clustered};

-- What all nodes must agree on, such as which master key seals the secrets.
CREATE TABLE agreements (
  name {text} NOT NULL PRIMARY KEY,
  value {text} NOT NULL
){clustered};
