-- Workflows that are gone for everybody while what hung on them is still cleared away. The words in braces are those of the first file.

CREATE TABLE deleted_workflows (
  id {id},
  workspace_id {int} NOT NULL,
  deleted_at {int} NOT NULL,
  deleted_by_kind {text} NOT NULL,
  deleted_by_id {int},
  request {text}
){end};
