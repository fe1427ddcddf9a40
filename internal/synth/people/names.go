// SPDX-License-Identifier: Apache-2.0

package people

import "strings"

// Names are facts of public-domain lists: surnames of the Census Bureau (2010), most common first, and given names of the
// Social Security Administration by decade of birth.

var surnames = words(`Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Thomas Taylor Moore Jackson Martin Lee
Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams Nelson Baker Hall Campbell
Mitchell Carter Roberts Phillips Evans Turner Parker Edwards Collins Stewart Morris Murphy Cook Rogers Morgan Peterson Cooper
Reed Bailey Bell Kelly Howard Ward Cox Richardson Wood Watson Brooks Bennett Gray James Hughes Price Myers Long Foster Sanders
Ross Powell Sullivan Russell Jenkins Perry Butler Barnes Fisher Henderson Coleman Simmons Patterson Jordan Reynolds Hamilton
Graham Wallace Cole West Bryant Ford Gibson Ellis Stevens Hunt Owens Harrison McDonald Woods Washington Kennedy Wells Henry
Chen Tucker Freeman Burns Crawford Olson Simpson Porter Hunter Gordon Shaw Snyder Mason Dixon Hicks Holmes Palmer Wagner Black
Robertson Boyd Rose Stone Fox Warren Mills Meyer Rice Schmidt Daniels Ferguson Nichols Stephens Weaver Ryan Gardner Payne Grant
Dunn Kelley Spencer Hawkins Arnold Pierce Hansen Peters Hart Bradley Knight Elliott Cunningham Duncan Armstrong Hudson Carroll
Lane Andrews Hoffman Berry Carpenter Lawrence Greene Burke Wheeler Obrien Franklin Lynch Bishop Carr Larson`)

var surnamesHispanic = words(`Garcia Rodriguez Martinez Hernandez Lopez Gonzalez Perez Sanchez Ramirez Torres Flores Rivera Gomez
Diaz Reyes Cruz Morales Ortiz Gutierrez Chavez Ramos Ruiz Alvarez Mendoza Vasquez Castillo Jimenez Moreno Romero Herrera
Medina Aguilar Vargas Castro Guzman Mendez Fernandez Munoz Salazar Soto Garza Vazquez Delgado Pena Contreras Guerrero Sandoval
Rios Ortega Estrada Luna Juarez Alvarado Padilla Maldonado Espinoza Navarro Vega Rojas Ayala Dominguez Acosta Marquez Molina`)

var surnamesAsian = words(`Nguyen Lee Kim Patel Tran Chen Wong Le Yang Wang Chang Chan Pham Li Park Singh Lin Liu Wu Huang Lam Huynh
Yu Choi Ho Kaur Vang Chung Truong Phan Xiong Lim Vu Vo Tang Cho Ngo Cheng Kang Tanaka Shah Reyes Santos Cruz Khan`)

// givenNames are by decade of birth, from the 1910s to the 2020s, most common first.
var givenMale = [12][]string{
	words(`John William James Robert Joseph George Charles Edward Frank Thomas Walter Harold Henry Paul Richard Raymond Albert Arthur Harry Donald`),
	words(`Robert John James William Charles George Joseph Richard Edward Donald Thomas Frank Harold Paul Raymond Walter Jack Henry Kenneth Arthur`),
	words(`Robert James John William Richard Charles Donald George Thomas Joseph David Edward Ronald Paul Kenneth Frank Raymond Jack Harold Billy`),
	words(`James Robert John William Richard David Charles Thomas Michael Ronald Larry Donald Joseph Gary George Kenneth Paul Edward Jerry Dennis`),
	words(`James Michael Robert John David William Richard Thomas Mark Charles Steven Gary Joseph Donald Ronald Kenneth Paul Larry Daniel Stephen`),
	words(`Michael David John James Robert Mark William Richard Thomas Jeffrey Steven Joseph Timothy Kevin Scott Brian Charles Paul Daniel Christopher`),
	words(`Michael Christopher Jason David James John Robert Brian William Matthew Joseph Daniel Kevin Eric Jeffrey Richard Scott Mark Steven Thomas`),
	words(`Michael Christopher Matthew Joshua David James Daniel Robert John Joseph Jason Justin Andrew Ryan William Brian Brandon Jonathan Nicholas Anthony`),
	words(`Michael Christopher Matthew Joshua Jacob Nicholas Andrew Daniel Tyler Joseph Brandon David James Ryan John Zachary Justin William Anthony Robert`),
	words(`Jacob Michael Joshua Matthew Daniel Christopher Andrew Ethan Joseph William Anthony David Alexander Nicholas Ryan Tyler James John Jonathan Noah`),
	words(`Noah Liam Jacob William Mason Ethan Michael Alexander James Elijah Benjamin Daniel Aiden Logan Jayden Matthew Lucas David Jackson Joseph`),
	words(`Liam Noah Oliver Elijah James William Benjamin Lucas Henry Theodore Mateo Levi Jack Sebastian Alexander Daniel Michael Owen Ezra Asher`),
}

var givenFemale = [12][]string{
	words(`Mary Helen Dorothy Margaret Ruth Mildred Anna Elizabeth Frances Virginia Marie Evelyn Alice Florence Lillian Rose Irene Louise Edna Catherine`),
	words(`Mary Dorothy Helen Betty Margaret Ruth Virginia Doris Mildred Frances Elizabeth Evelyn Anna Marie Alice Jean Shirley Barbara Irene Marjorie`),
	words(`Mary Betty Barbara Shirley Patricia Dorothy Joan Margaret Nancy Helen Carol Joyce Doris Ruth Virginia Marilyn Elizabeth Jean Frances Beverly`),
	words(`Mary Linda Barbara Patricia Carol Sandra Nancy Sharon Judith Susan Betty Carolyn Margaret Shirley Judy Karen Donna Kathleen Joyce Dorothy`),
	words(`Mary Linda Patricia Susan Deborah Barbara Debra Karen Nancy Donna Cynthia Sandra Pamela Sharon Kathleen Carol Diane Brenda Cheryl Elizabeth`),
	words(`Lisa Mary Susan Karen Kimberly Patricia Linda Donna Michelle Cynthia Sandra Deborah Tammy Pamela Lori Laura Elizabeth Julie Brenda Jennifer`),
	words(`Jennifer Amy Melissa Michelle Kimberly Lisa Angela Heather Stephanie Nicole Jessica Elizabeth Rebecca Kelly Mary Christina Amanda Julie Sarah Laura`),
	words(`Jessica Jennifer Amanda Ashley Sarah Stephanie Melissa Nicole Elizabeth Heather Tiffany Michelle Amber Megan Amy Rachel Kimberly Christina Lauren Crystal`),
	words(`Jessica Ashley Emily Sarah Samantha Amanda Brittany Elizabeth Taylor Megan Hannah Kayla Lauren Stephanie Rachel Jennifer Nicole Alexis Victoria Amber`),
	words(`Emily Madison Emma Olivia Hannah Abigail Isabella Samantha Elizabeth Ashley Alexis Sarah Sophia Alyssa Grace Ava Taylor Brianna Lauren Chloe`),
	words(`Emma Olivia Sophia Isabella Ava Mia Abigail Emily Charlotte Madison Elizabeth Amelia Evelyn Ella Chloe Harper Avery Sofia Grace Addison`),
	words(`Olivia Emma Charlotte Amelia Sophia Isabella Ava Mia Evelyn Luna Harper Sofia Camila Eleanor Elizabeth Violet Scarlett Emily Hazel Lily`),
}

var streets = words(`Main Oak Pine Maple Cedar Elm Washington Lake Hill Walnut Spring North Ridge Church Willow Mill Sunset Railroad Jefferson
Center Lincoln Highland Forest River Meadow Jackson Franklin Park Chestnut Dogwood Hickory Madison Adams Valley College`)

var suffixes = words(`St Ave Rd Dr Ln Ct Blvd Way Pl`)

func words(s string) []string { return strings.Fields(s) }
