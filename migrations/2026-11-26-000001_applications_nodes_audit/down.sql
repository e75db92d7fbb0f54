DROP TABLE audit;
DROP TABLE setting;
DROP TABLE node;
DROP TABLE application;
