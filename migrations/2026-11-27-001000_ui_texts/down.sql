DROP TABLE ui_language;
