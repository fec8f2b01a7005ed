-- Lists that are filtered and sorted by indexes alone. The words in braces are those of the first file.

-- The keys in the order in which they sort, so that one index finds equal values, ranges and beginnings, and lists by a field.
CREATE TABLE carried_values AS SELECT workflow_id, field_id, sort_key, task_id, exact_key FROM task_values;
DROP TABLE task_values;
CREATE TABLE task_values (
  workflow_id {int} NOT NULL,
  field_id {int} NOT NULL,
  sort_key {text} NOT NULL,
  task_id {int} NOT NULL,
  -- Null where it is the sort key.
  exact_key {text},
  PRIMARY KEY (workflow_id, field_id, sort_key, task_id)
){clustered};
INSERT INTO task_values (workflow_id, field_id, sort_key, task_id, exact_key)
  SELECT workflow_id, field_id, sort_key, task_id, CASE WHEN exact_key = sort_key THEN NULL ELSE exact_key END
  FROM carried_values ORDER BY workflow_id, field_id, sort_key, task_id;
DROP TABLE carried_values;

-- Lists of a stage in creation order.
CREATE INDEX tasks_of_stage ON tasks (workflow_id, stage_id, id);
-- Lists of an assignee likewise; round-robin counts them, and leaving a workflow frees them.
DROP INDEX tasks_active_of_assignee;
CREATE INDEX tasks_of_assignee ON tasks (workflow_id, assignee_id, id) WHERE assignee_id IS NOT NULL;
