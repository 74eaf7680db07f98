// stands as modules/turn/service_mutant.go

package turn

func Mutant() {}
