BEGIN TRANSACTION;
CREATE TABLE guard (origin TEXT PRIMARY KEY, note TEXT NOT NULL)
  WITHOUT ROWID;
INSERT INTO "guard" VALUES('test.example/bj1/record/1','test.example/bj1/record/1
8
xtlsdL8NrdjZCssnb84usLOg4rpPklsFgCVc+CDmZO4=

— test.example/bj1/record/1 pyXqSK5O/392Y8hM8hhM1Z8OL6/FGLjee8B7gCyk0+Mk9mIBIBK1/y2x/DIazh9YRE6ulpZndaiZF1nc4/3G5SOXlgc=
');
INSERT INTO "guard" VALUES('test.example/bj1/telemetry/1','test.example/bj1/telemetry/1
273
iiqOKf5zqiOCPFtSmwAcXp63Xy727G7KqmBGiSYkRGs=

— test.example/bj1/telemetry/1 xE+TjPlUD8cNS46L773recnepG0x68cN8YstU0UCRoSVC3Y5rDbOht/yXV3C1WwJLiWukxXo639r4cQnA+oGeHBwgQg=
');
INSERT INTO "guard" VALUES('test.example/central/registry/1','test.example/central/registry/1
6
W4E+2OceccP6s1dBOmzvYh6CHlrwc8vr5qU1fBmjpcM=

— test.example/central/registry/1 eJh5JQxwWAA52046Q0vzd60Wq8/qg8mRNW4Q+oEiJcv9YR7yXxuOm35clJjcl5mxvTB/ULKOPwy1apbxkuSWa5WGbQw=
');
COMMIT;
