-- Tasks that come in files. The words in braces are those of the first file.

CREATE TABLE imports (
  id {id},
  workspace_id {int} NOT NULL,
  workflow_id {int} NOT NULL,
  -- Absent: nobody sees it, since it is not whole yet, or its workflow is gone. Then Pending, and at last Success or Fail.
  status {text} NOT NULL,
  -- 1: nothing is written but what would have come of it.
  dry_run {int} NOT NULL,
  actor_kind {text} NOT NULL,
  actor_id {int},
  request {text},
  created_at {int} NOT NULL,
  finished_at {int},
  -- JSON: the names of the columns, and which field each goes to.
  header {text} NOT NULL,
  targets {text} NOT NULL,
  -- How many rows have come, in how many pieces, and which piece is next.
  row_count {int} NOT NULL,
  pieces {int} NOT NULL,
  next_piece {int} NOT NULL,
  -- Of the rows that have been looked at.
  done {int} NOT NULL,
  created {int} NOT NULL,
  updated {int} NOT NULL,
  failed {int} NOT NULL,
  refused {int} NOT NULL,
  -- Who asked it to end, as the error names them.
  cancelled_by {text},
  errors {text},
  -- When its pieces are thrown away; an absent one goes with them.
  clear_at {int}
){updated};
-- The list of a workflow's imports, newest first.
CREATE INDEX imports_of_workflow ON imports (workflow_id, id);
-- What is to be thrown away.
CREATE INDEX imports_to_clear ON imports (clear_at) WHERE clear_at IS NOT NULL;

-- Rows as they have come, until they are imported; those that are not stay for a while. The jobs of imports have 2 in `outgoing`: they
-- take neither a worker nor an open call.
CREATE TABLE import_pieces (
  import_id {int} NOT NULL,
  -- Counted from 1.
  number {int} NOT NULL,
  -- JSON.
  content {text} NOT NULL,
  -- JSON: what is wrong, by the place of the row; null until it has been looked at.
  errors {text},
  PRIMARY KEY (import_id, number)
){end};

-- Tasks as a dry run would have left them, for rows behind that name them again.
CREATE TABLE import_foreseen (
  import_id {int} NOT NULL,
  unique_key {text} NOT NULL,
  -- JSON.
  task {text} NOT NULL,
  PRIMARY KEY (import_id, unique_key)
){clustered};
