-- Executions that do what was quoted. The words in braces are those of the first file.

-- The version of the task that it must still have when such an execution begins.
ALTER TABLE executions ADD COLUMN quoted_version {int};
