// stands as modules/turn/undocumented/mutant.go

package undocumented
