package main
func refines(a *asm){}
func rotates(a *asm){}
func flats(a *asm){}
func gemms(a *asm){}
