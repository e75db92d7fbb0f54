//! What is refused of values, functions, expressions, groups and order; `refused` has the rest and asks all.

pub const REFUSED_MORE: &[(&str, &str)] = &[
    // Bounds.
    (
        "SELECT 9007199254740992 FROM phones",
        "this arithmetic could go beyond 9007199254740991, by what its columns may hold",
    ),
    ("SELECT 99999999999999999999 FROM phones", "a number is whole, and 9007199254740991 at most"),
    (
        "SELECT device_id * device_id * device_id * device_id FROM phones",
        "this arithmetic could go beyond 9007199254740991, by what its columns may hold",
    ),
    (
        "SELECT SUM(device_id * 1000) FROM phones",
        "this arithmetic could go beyond 9007199254740991, by what its columns may hold",
    ),
    ("SELECT 1.5 FROM phones", "a number that is not whole is not taken here"),
    ("SELECT 1e9 FROM phones", "a number that is not whole is not taken here"),
    ("SELECT number FROM phones LIMIT 100001", "LIMIT takes a number from 0 to 100000"),
    ("SELECT number FROM phones LIMIT -1", "LIMIT takes a number from 0 to 100000"),
    ("SELECT number FROM phones LIMIT cos", "LIMIT takes a number from 0 to 100000"),
    ("SELECT number FROM phones LIMIT (SELECT 1)", "LIMIT takes a number from 0 to 100000"),
    ("SELECT number FROM phones OFFSET 'x'", "OFFSET takes a number from 0 to 1000000000"),
    (
        "SELECT number FROM phones FETCH FIRST 1 ROW ONLY",
        "FETCH is not taken here; as a name it is written in double quotes",
    ),
    // Texts.
    ("SELECT X'41' FROM phones", "a hexadecimal text is not taken here"),
    ("SELECT N'x' FROM phones", "a national text is not taken here"),
    ("SELECT $$x$$ FROM phones", "a text in dollar quotes is not taken here"),
    ("SELECT $1 FROM phones", "a parameter is not taken here"),
    ("SELECT ? FROM phones", "a parameter is not taken here"),
    ("SELECT :x FROM phones", "a parameter is not taken here"),
    ("SELECT DATE '2020-01-01' FROM phones", "a text with a type is not taken here"),
    ("SELECT 'a\0b' FROM phones", "a NUL character is not taken here"),
    ("SELECT number FROM phones WHERE name LIKE 'x\\'", "a backslash in a pattern stands before %, _ or another"),
    ("SELECT number FROM phones WHERE name LIKE '%' ESCAPE '!'", "what follows ESCAPE is '\\'"),
    ("SELECT number FROM phones WHERE name LIKE number", "what follows LIKE is a text in quotes"),
    ("SELECT number FROM phones WHERE name LIKE '%a%a%a%a%a%a%a%a%b'", "a pattern has 8 of % at most"),
    (
        "SELECT number FROM phones WHERE name ILIKE 'x'",
        "ILIKE is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones WHERE name SIMILAR TO '(a*)*'",
        "SIMILAR is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT number FROM phones WHERE name ~ '(a*)*'", "a regular expression is not taken here"),
    (
        "SELECT number FROM phones WHERE name REGEXP 'x'",
        "REGEXP is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones ORDER BY name COLLATE \"C\"",
        "COLLATE is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT SUBSTR(name, 0) FROM phones", "SUBSTRING takes a start and a length from 1 to 4096"),
    ("SELECT SUBSTR(name, -1) FROM phones", "SUBSTRING takes a start and a length from 1 to 4096"),
    ("SELECT SUBSTR(name, cos) FROM phones", "SUBSTRING takes its start and length as numbers"),
    ("SELECT TRIM(BOTH 'x' FROM name) FROM phones", "TRIM takes one text, and removes spaces"),
    (
        "SELECT name || name || name || name || name || name || name || name || name || name || name || name || name || name \
         || name || name || name FROM phones",
        "a text that is put together has 4,096 characters at most, by what its columns may hold",
    ),
    // Functions.
    ("SELECT pg_sleep(10) FROM phones", "there is no function pg_sleep here"),
    ("SELECT number FROM phones WHERE 1 = pg_sleep(10)", "there is no function pg_sleep here"),
    ("SELECT randomblob(1000000000) FROM phones", "there is no function randomblob here"),
    ("SELECT load_extension('x') FROM phones", "there is no function load_extension here"),
    ("SELECT pg_catalog.pg_sleep(10) FROM phones", "a name with a schema is not taken here"),
    ("SELECT current_setting('x') FROM phones", "there is no function current_setting here"),
    ("SELECT LPAD('x', 1000000000) FROM phones", "there is no function LPAD here"),
    ("SELECT GROUP_CONCAT(name) FROM phones", "there is no function GROUP_CONCAT here"),
    ("SELECT CURRENT_USER FROM phones", "there is no column CURRENT_USER"),
    (
        "SELECT CURRENT_TIMESTAMP FROM phones",
        "CURRENT_TIMESTAMP is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT EXTRACT(YEAR FROM number) FROM phones",
        "EXTRACT is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT CEIL(cos) FROM phones", "CEIL is not taken here; as a name it is written in double quotes"),
    ("SELECT POSITION('a' IN name) FROM phones", "this expression is not taken here"),
    ("SELECT COUNT(*) OVER () FROM phones", "OVER is not taken here; as a name it is written in double quotes"),
    (
        "SELECT COUNT(*) FILTER (WHERE hot_desk) FROM phones",
        "FILTER is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT SUM(DISTINCT cos) FROM phones", "DISTINCT stands in COUNT, in no other function"),
    ("SELECT COUNT(DISTINCT *) FROM phones", "* stands in COUNT(*), in no other function"),
    ("SELECT SUM(*) FROM phones", "* stands in COUNT(*), in no other function"),
    ("SELECT LOWER(name, name) FROM phones", "this function takes one argument"),
    ("SELECT COUNT() FROM phones", "this function takes one argument"),
    ("SELECT COALESCE(name) FROM phones", "COALESCE takes 2 to 32 arguments"),
    ("SELECT NULLIF(name) FROM phones", "NULLIF takes two arguments"),
    ("SELECT MAX(cos, 2) FROM phones", "this function takes one argument"),
    // Expressions.
    ("SELECT (SELECT number FROM phones) FROM phones", "a SELECT within an expression is not taken here"),
    (
        "SELECT number FROM phones WHERE EXISTS (SELECT 1)",
        "EXISTS is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones WHERE cos = ANY (SELECT 1)",
        "ANY is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones WHERE cos = ALL (SELECT cos FROM phones)",
        "a comparison with ANY or ALL is not taken here",
    ),
    ("SELECT number FROM phones WHERE (cos, number) IN ((1, '1'))", "a row of values is not taken here"),
    ("SELECT number FROM phones WHERE cos IS DISTINCT FROM 1", "IS DISTINCT FROM is not taken here"),
    ("SELECT number FROM phones WHERE cos & 1 = 1", "arithmetic of bits is not taken here"),
    ("SELECT number FROM phones WHERE cos IN ()", "this is no SQL that is understood here, near line 1, column 42"),
    (
        "SELECT number FROM phones WHERE number IN (SELECT number, name FROM phones)",
        "what follows IN (SELECT is one column",
    ),
    (
        "SELECT number FROM phones WHERE number IN (SELECT number FROM phones LIMIT 1)",
        "ORDER BY or LIMIT after IN is not taken here",
    ),
    (
        "SELECT number FROM phones WHERE number IN (SELECT number FROM phones WHERE number IN (SELECT number FROM phones))",
        "IN (SELECT ...) stands in a statement of its own, and in no other of its kind",
    ),
    (
        "SELECT number FROM phones p WHERE number IN (SELECT number FROM phones q WHERE q.cos = p.cos)",
        "there is no view p",
    ),
    ("SELECT ARRAY[1] FROM phones", "ARRAY is not taken here; as a name it is written in double quotes"),
    ("SELECT INTERVAL '1' DAY FROM phones", "INTERVAL is not taken here; as a name it is written in double quotes"),
    ("SELECT * EXCLUDE (name) FROM phones", "this is no SQL that is understood here, near line 1, column 10"),
    ("SELECT x.* FROM phones", "there is no view x"),
    // Groups and order.
    ("SELECT name, COUNT(*) FROM phones", "beside counts and sums stand columns that are in GROUP BY, no others"),
    ("SELECT name FROM phones GROUP BY number", "beside counts and sums stand columns that are in GROUP BY, no others"),
    (
        "SELECT number FROM phones GROUP BY number ORDER BY cos",
        "beside counts and sums stand columns that are in GROUP BY, no others",
    ),
    (
        "SELECT COUNT(*) FROM phones WHERE COUNT(*) > 1",
        "counts, sums and their like stand after SELECT, HAVING and ORDER BY, and not within each other",
    ),
    (
        "SELECT MAX(COUNT(*)) FROM phones",
        "counts, sums and their like stand after SELECT, HAVING and ORDER BY, and not within each other",
    ),
    (
        "SELECT 1 FROM phones GROUP BY COUNT(*)",
        "counts, sums and their like stand after SELECT, HAVING and ORDER BY, and not within each other",
    ),
    ("SELECT COUNT(*) FROM phones GROUP BY 1", "what follows GROUP BY has a column, and no count or sum"),
    ("SELECT COUNT(*) FROM phones GROUP BY 'x'", "what follows GROUP BY has a column, and no count or sum"),
    ("SELECT COUNT(*) FROM phones HAVING COUNT(*) > 1", "HAVING stands after GROUP BY"),
    (
        "SELECT number FROM phones GROUP BY ROLLUP (number)",
        "ROLLUP is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT DISTINCT ON (name) number FROM phones", "DISTINCT ON is not taken here"),
    ("SELECT DISTINCT number FROM phones ORDER BY name", "SELECT DISTINCT is sorted by what it yields"),
    ("SELECT number FROM phones ORDER BY COUNT(*)", "a count or sum in ORDER BY stands in a SELECT that has others"),
    ("SELECT number FROM phones ORDER BY name NULLS FIRST", "NULL comes last in every order"),
    ("SELECT number FROM phones ORDER BY 2", "a number after GROUP BY or ORDER BY counts what comes out, from 1"),
    ("SELECT number FROM phones ORDER BY 0", "a number after GROUP BY or ORDER BY counts what comes out, from 1"),
    ("SELECT AVG(cos) + 1 FROM phones", "arithmetic takes a whole number, not an average"),
];
