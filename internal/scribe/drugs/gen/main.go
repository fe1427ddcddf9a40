// SPDX-License-Identifier: Apache-2.0

// Command gen makes the tables of package drugs: names_gen.txt, the names of drugs of one word that MedlinePlus lists, and words_gen.gz, words
// that are English, from a pronouncing dictionary and from texts. The same files make the same tables.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	names := flag.String("names", "", "CSV file of drugs with the columns Common name and Synonyms")
	words := flag.String("words", "", "pronouncing dictionary in the form of CMUdict, whose words are English")
	folder := flag.String("out", ".", "folder to write the tables to")
	flag.Parse()
	if err := run(*names, *words, flag.Args(), *folder); err != nil {
		log.Fatal(err)
	}
}

// run makes the tables. texts are CSV files, or gzipped lines of text, whose words are English if they stand there a few times.
func run(names, words string, texts []string, folder string) error {
	english, err := dictionary(words)
	if err != nil {
		return err
	}
	generics, brands, err := drugs(names)
	if err != nil {
		return err
	}
	if err := add(english, texts); err != nil {
		return err
	}
	var list []string
	for name := range generics {
		list = append(list, name)
		delete(english, name)
	}
	for name := range brands {
		if !generics[strings.ToLower(name)] && !english[strings.ToLower(name)] {
			list = append(list, name)
		}
	}
	for w := range strings.FieldsSeq(spelt) {
		english[w] = true
	}
	slices.Sort(list)
	head := "# Names of drugs: generic ones in small letters, brands with a capital. Made by go generate from the drug pages of MedlinePlus.\n"
	err = os.WriteFile(folder+"/names_gen.txt", []byte(head+strings.Join(list, "\n")+"\n"), 0o644)
	return errors.Join(err, writeWords(folder+"/words_gen.gz", slices.Sorted(maps.Keys(english))))
}

var word = regexp.MustCompile(`[a-z']+`)

func dictionary(file string) (map[string]bool, error) {
	text, err := os.ReadFile(file)
	english := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		w := word.FindString(strings.ToLower(line))
		if strings.HasPrefix(strings.ToLower(line), w) && !strings.HasSuffix(w, "'s") {
			english[w] = true
		}
	}
	return english, err
}

// How long names are, and how often a word stands in texts before it is believed.
const (
	shortestName = 5
	believed     = 3
)

// What MedlinePlus does not have: international names, and other spellings of its names, which are right as they are and not what others are mended to.
const (
	abroad = "adrenaline bendroflumethiazide cyclizine domperidone dosulepin flucloxacillin gliclazide hydrochlorothiazide levomepromazine mebeverine metamizole paracetamol pethidine pholcodine " +
		"prochlorperazine salbutamol theophylline thyroxine tibolone tinzaparin zopiclone"
	spelt = "aciclovir amoxycillin beclometasone cefalexin chlorphenamine ciclosporin colecalciferol frusemide lignocaine mesalazine noradrenaline oestradiol sulphasalazine"
)

var (
	oneWord = regexp.MustCompile(`^[A-Za-z]+$`)
	parts   = regexp.MustCompile(`,| and `)
)

// notNames are words of the names of the pages that name no drug by themselves: forms, salts, diseases that are vaccinated against.
var notNames = regexp.MustCompile(`(?i)^(acetate|acids?|alfa|aluminum|ammonium|anhydrous|anthrax|antithymocyte|antitoxin|arsenic|ascorbic|bacillus|barium|benzoyl|benzyl|beta|bicarbonate|buccal|carbonate|chloride|` +
	`cholera|choline|citrate|citric|combinations|complex|conjugate|contraceptives?|dimethyl|diphtheria|emergency|estrogen|extended|ferric|foam|folic|globulin|gluconate|haemophilus|hepatitis|human|hydrochloride|` +
	`immune|implants?|inactivated|influenza|inhalation|injection|intranasal|intravenous|japanese|lactic|lipid|liposom(e|al)|live|medication|meningococcal|methoxy|mumps|nasal|ophthalmic|oral|other|parathyroid|patch|pegol|peroxide|` +
	`pertussis|phosphate|pneumococcal|polio|polyethylene|polysaccharide|products|prolonged|rabies|recombinant|rectal|release|repository|rotavirus|salicylic|serogroup|silver|sodium|spray|stool|subcutaneous|sublingual|` +
	`succinate|sulfate|system|tetanus|therapy|thyroid|topical|toxoids?|transdermal|typhoid|vaccines?|vaginal|varicella|vedotin|viral|virus|vitamin|yellow)$`)

// drugs gives the names of one word, and the words of names that are lists: generic ones in small letters, brands as they are written.
func drugs(file string) (generics, brands map[string]bool, err error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return nil, nil, err
	}
	generics, brands = map[string]bool{}, map[string]bool{}
	for name := range strings.FieldsSeq(abroad) {
		generics[name] = true
	}
	for _, row := range rows[1:] {
		name, _, _ := strings.Cut(row[1], "(")
		for _, part := range parts.Split(name, -1) {
			for i, w := range strings.Fields(part) {
				if i == 0 && oneWord.MatchString(w) && len(w) >= shortestName && !notNames.MatchString(w) {
					generics[strings.ToLower(w)] = true
				}
			}
		}
		for b := range strings.SplitSeq(row[2], "|") {
			if b = strings.TrimSpace(b); oneWord.MatchString(b) && len(b) >= shortestName && !notNames.MatchString(b) && b[0] < 'a' && b != strings.ToUpper(b) {
				brands[b] = true
			}
		}
	}
	return generics, brands, nil
}

// add adds the words of texts that stand in them a few times.
func add(english map[string]bool, texts []string) error {
	count := map[string]int{}
	for _, file := range texts {
		text, err := os.ReadFile(file)
		if err == nil && strings.HasSuffix(file, ".gz") {
			var in io.Reader
			if in, err = gzip.NewReader(bytes.NewReader(text)); err == nil {
				text, err = io.ReadAll(in)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, w := range word.FindAllString(strings.ToLower(string(text)), -1) {
			count[strings.Trim(w, "'")]++
		}
	}
	for w, n := range count {
		if n >= believed && len(w) > 1 {
			english[w] = true
		}
	}
	return nil
}

func writeWords(file string, list []string) error {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = io.WriteString(z, strings.Join(list, "\n")+"\n")
	if err := errors.Join(err, z.Close()); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}
