package specimen

// people are name parts that occur together in one country. Given names and
// surnames are paired at random within it.
type people struct {
	country  string
	cities   []string
	men      []string
	women    []string
	surnames []string
}

var regions = []people{
	{
		"SEN",
		[]string{"Dakar", "Thiès", "Saint-Louis", "Ziguinchor", "Kaolack"},
		[]string{"Abdoulaye", "Babacar", "Cheikh", "Ibrahima", "Modou", "Moussa", "Ousmane", "Pape", "Samba", "Serigne"},
		[]string{"Aïssatou", "Awa", "Coumba", "Fatou", "Khady", "Mame Diarra", "Ndèye", "Rokhaya", "Sokhna", "Yacine"},
		[]string{"Badji", "Diagne", "Diatta", "Diop", "Fall", "Faye", "Gueye", "Mbaye", "Ndiaye", "Sarr", "Seck", "Thiam"},
	},
	{
		"MLI",
		[]string{"Bamako", "Kayes", "Ségou", "Mopti", "Gao"},
		[]string{"Adama", "Amadou", "Bakary", "Boubacar", "Drissa", "Lassana", "Modibo", "Seydou", "Soumaïla", "Yaya"},
		[]string{"Assitan", "Bintou", "Djénéba", "Kadidia", "Mariam", "Nana", "Oumou", "Rokia", "Safiatou", "Tenin"},
		[]string{"Bagayoko", "Coulibaly", "Dembélé", "Diarra", "Doumbia", "Keïta", "Konaté", "Maïga", "Sangaré", "Sidibé", "Touré", "Traoré"},
	},
	{
		"GIN",
		[]string{"Conakry", "Labé", "Kankan", "Mamou", "Nzérékoré"},
		[]string{"Alpha", "Elhadj", "Fodé", "Ibrahima Sory", "Lansana", "Mamadou", "Mohamed", "Ousmane", "Sékou", "Thierno"},
		[]string{"Aminata", "Binta", "Djenabou", "Fanta", "Hadja", "Kadiatou", "M'Mah", "Mariama", "Nènè", "Saran"},
		[]string{"Bah", "Balde", "Barry", "Camara", "Cissé", "Condé", "Diallo", "Doukouré", "Kourouma", "Soumah", "Sow", "Sylla"},
	},
	{
		"GMB",
		[]string{"Banjul", "Serekunda", "Brikama", "Basse", "Farafenni"},
		[]string{"Alieu", "Baboucarr", "Buba", "Demba", "Ebrima", "Lamin", "Momodou", "Omar", "Saikou", "Sulayman"},
		[]string{"Amie", "Fatoumatta", "Haddy", "Isatou", "Jainaba", "Kumba", "Mariama", "Ndey", "Nyima", "Sarjo"},
		[]string{"Bojang", "Ceesay", "Darboe", "Drammeh", "Fofana", "Jallow", "Jammeh", "Jatta", "Sanneh", "Sanyang", "Touray", "Trawally"},
	},
	{
		"NER",
		[]string{"Niamey", "Agadez", "Zinder", "Maradi", "Tahoua"},
		[]string{"Abdou", "Boureima", "Hamidou", "Harouna", "Idrissa", "Issoufou", "Mahamadou", "Oumarou", "Salissou", "Sani"},
		[]string{"Aïchatou", "Balkissa", "Fati", "Habsatou", "Hadiza", "Halima", "Mariama", "Rabi", "Ramatou", "Zeinabou"},
		[]string{"Abdoulahi", "Amadou", "Garba", "Hassane", "Ibrahim", "Issa", "Laouali", "Maman", "Moussa", "Saidou", "Seyni", "Souley"},
	},
	{
		"CIV",
		[]string{"Abidjan", "Bouaké", "Daloa", "Korhogo", "Man"},
		[]string{"Arsène", "Aboubakar", "Kouadio", "Koffi", "Lacina", "Mamadou", "Siaka", "Souleymane", "Yao", "Zoumana"},
		[]string{"Adjoua", "Affoué", "Akissi", "Aya", "Fatoumata", "Maïmouna", "Minata", "Mariam", "Salimata", "Ahou"},
		[]string{"Bamba", "Coulibaly", "Fofana", "Koné", "Konan", "Kouamé", "Kouassi", "Ouattara", "Soro", "Silué", "Touré", "Yéo"},
	},
	{
		"GNB",
		[]string{"Bissau", "Bafatá", "Gabú", "Cacheu", "Bolama"},
		[]string{"Abdulai", "Armando", "Braima", "Carlos", "Domingos", "Iaia", "Malam", "Quintino", "Suleimane", "Umaro"},
		[]string{"Aissato", "Binta", "Cadija", "Domingas", "Fatumata", "Filomena", "Maimuna", "Quinta", "Segunda", "Teresa"},
		[]string{"Baldé", "Cá", "Camará", "Candé", "Djaló", "Embaló", "Gomes", "Injai", "Mané", "Mendes", "Sanhá", "Té"},
	},
	{
		"NGA",
		[]string{"Lagos", "Kano", "Ibadan", "Benin City", "Maiduguri"},
		[]string{"Abubakar", "Adebayo", "Chukwuemeka", "Emeka", "Ibrahim", "Musa", "Olumide", "Osas", "Sani", "Tunde"},
		[]string{"Amina", "Blessing", "Chidinma", "Funmilayo", "Hauwa", "Ifeoma", "Ngozi", "Osarugue", "Yetunde", "Zainab"},
		[]string{"Abdullahi", "Adeyemi", "Balogun", "Bello", "Eze", "Igbinedion", "Mohammed", "Nwosu", "Obaseki", "Okafor", "Okonkwo", "Yusuf"},
	},
}
