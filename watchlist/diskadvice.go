package watchlist

import "errors"

// DiskAdvice says what the person at the post can do about a problem that comes
// from the node's disk: "disk_full", "disk_stuck", or "audit_unavailable" for one
// of these reasons. cause may be nil; ok tells whether there is anything to say.
func DiskAdvice(code string, cause error) (a Advice, ok bool) {
	switch {
	case code == "disk_full":
		return Advice{
			French:     "Le disque du poste est plein : rien n'a été enregistré. Les recherches continuent. Prévenez l'administrateur.",
			English:    "The post's disk is full: nothing was saved. Searches go on. Tell the administrator.",
			Portuguese: "O disco do posto está cheio: nada foi guardado. As pesquisas continuam. Avise o administrador.",
		}, true
	case code == "disk_stuck":
		return Advice{
			French:     "Le disque du poste ne répond pas : rien n'a été enregistré. Utilisez un autre poste et prévenez l'administrateur.",
			English:    "The post's disk does not answer: nothing was saved. Use another post and tell the administrator.",
			Portuguese: "O disco do posto não responde: nada foi guardado. Utilize outro posto e avise o administrador.",
		}, true
	case code == "audit_unavailable" && errors.Is(cause, ErrDiskFull):
		return Advice{
			French:     "Disque plein : la recherche ne peut plus être journalisée et est refusée. Utilisez un autre poste et prévenez l'administrateur.",
			English:    "Disk full: the search can't be recorded and is refused. Use another post and tell the administrator.",
			Portuguese: "Disco cheio: a pesquisa já não pode ser registada e é recusada. Utilize outro posto e avise o administrador.",
		}, true
	case code == "audit_unavailable" && errors.Is(cause, ErrDiskStuck):
		return Advice{
			French:     "Le disque ne répond pas : la recherche ne peut pas être journalisée et est refusée. Utilisez un autre poste et prévenez l'administrateur.",
			English:    "The disk does not answer: the search can't be recorded and is refused. Use another post and tell the administrator.",
			Portuguese: "O disco não responde: a pesquisa não pode ser registada e é recusada. Utilize outro posto e avise o administrador.",
		}, true
	}
	return Advice{}, false
}
