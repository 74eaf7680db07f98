// stands as modules/turn/pace/mutant.go

package pace

const mutant = "WITH late AS (SELECT 1) SELECT * FROM late"
