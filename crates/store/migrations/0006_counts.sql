-- How many tasks there are, kept with each change. The words in braces are those of the first file.

CREATE TABLE task_counts (
  workflow_id {int} NOT NULL,
  -- -1: nobody, for what is null is never the same key.
  assignee_id {int} NOT NULL,
  stage_id {int} NOT NULL,
  tasks {int} NOT NULL,
  PRIMARY KEY (workflow_id, assignee_id, stage_id)
){clustered};
INSERT INTO task_counts (workflow_id, assignee_id, stage_id, tasks)
  SELECT workflow_id, coalesce(assignee_id, -1), stage_id, count(*) FROM tasks GROUP BY workflow_id, assignee_id, stage_id;

-- What is to be added to the counts; always empty on SQLite.
CREATE TABLE task_count_changes (
  workflow_id {int} NOT NULL,
  assignee_id {int} NOT NULL,
  stage_id {int} NOT NULL,
  tasks {int} NOT NULL
){end};
-- What a count of somebody's tasks has yet to add.
CREATE INDEX task_count_changes_of_assignee ON task_count_changes (workflow_id, assignee_id);
