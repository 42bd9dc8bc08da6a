package main
func rotates(a *asm){}
func flats(a *asm){}
func gemms(a *asm){}
