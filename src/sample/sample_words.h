/* sample_words.h: the people, machines and sentences of the sample database. For sample_rows.c alone. */
#ifndef CMMS_SAMPLE_WORDS_H
#define CMMS_SAMPLE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Person {
    const char *username, *full_name, *role;
    bool active;
} Person;

static const Person people[] = {
    {"manager", "Maria Keller", "Manager", true},
    {"tech", "Tom Wagner", "Technician", true},
    {"parts", "Petra Novak", "Parts Coordinator", true},
    {"jmueller", "J\xC3\xBCrgen M\xC3\xBCller", "Technician", true},
    {"sobrien", "Sean O'Brien", "Technician", true},
    {"wwang", "\xE7\x8E\x8B\xE4\xBC\x9F", "Technician", true},
    {"zgarcao", "Zo\xC3\xAB Gar\xC3\xA7\xC3\xA3o", "Technician", true},
    {"dthompson", "Dwayne Thompson", "Technician", true},
    {"lrossi", "Luca Rossi", "Technician", true},
    {"akowalska", "Agnieszka Kowalska", "Technician", true},
    {"bnguyen", "Binh Nguy\xE1\xBB\x85n", "Technician", true},
    {"rsmith", "Rachel Smith", "Technician", true},
    {"hpetersen", "Hanne Petersen", "Parts Coordinator", true},
    {"kdubois", "Karim Dubois", "Manager", true},
    {"oldmanager", "Walter Braun", "Manager", false},
    {"oldtech", "Frank M\xC3\xB6" "bius", "Technician", false},
    {"oldparts", "Ines D'Angelo", "Parts Coordinator", false},
};
#define PEOPLE ((int64_t)(sizeof people / sizeof people[0]))
#define FIRST_TECHNICIAN 3
#define TECHNICIANS 9

static const char *const machines[] = {
    "Hydraulic press 250 t", "CNC lathe", "Belt conveyor", "Screw compressor", "Cooling tower pump",
    "Injection moulding machine", "Robot welding cell", "Paint booth exhaust fan", "Vertical machining centre",
    "Packaging line", "Steam boiler", "Overhead crane 10 t", "Vacuum furnace", "Palletiser", "Dust collector",
    "Hochdruckpumpe f\xC3\xBCr K\xC3\xBChlwasser", "Surface grinder", "Forklift charger", "Laser cutter",
    "\xE6\xB3\xA8\xE5\xA1\x91\xE6\x9C\xBA 3\xE5\x8F\xB7", "Water treatment skid", "Emergency generator",
    "Torque test stand", "Parts washer", "Label printer"};
static const char *const halls[] = {"Hall A", "Hall B", "Hall C", "Boiler house", "Warehouse", "Tool room",
                                    "Paint shop", "Test lab"};
static const char *const components[] = {
    "drive bearing", "hydraulic hose", "gearbox", "main contactor", "limit switch", "coolant filter", "V-belt",
    "spindle motor", "pressure relief valve", "proximity sensor", "shaft seal", "control panel", "guide rail",
    "encoder", "safety gate", "lubrication pump", "heating element", "pneumatic cylinder", "chain tensioner",
    "brake lining"};
static const char *const faults[] = {
    "is noisy", "leaks oil", "runs hot", "trips after a few minutes", "is worn", "does not reach its end position",
    "vibrates at full speed", "gives no signal", "is loose", "is blocked", "shows cracks", "needs adjustment"};
static const char *const circumstances[] = {
    "Noticed during the morning round.", "Reported by the night shift.", "Machine was stopped.",
    "Production goes on at reduced speed.", "Happened twice this week.", "Found during the monthly inspection.",
    "Operator's note: \"like last year\".", "Spare part is on the shelf.", "A part has to be ordered first."};
static const char *const actions[] = {
    "Replaced and tested.", "Cleaned, greased and adjusted.", "Tightened to 45 Nm; checked again after one hour.",
    "Exchanged the unit; the old one was sent in for repair.", "Re-aligned with the laser; runs quietly.",
    "Renewed seal and O-rings.\nNo leak after a test run of 30 minutes.", "Reset, wiring checked, no fault found.",
    "Belt changed, tension set to 85 Hz.", "Temporary repair; final repair is planned for the shutdown.",
    "Software parameter corrected\tsee drawing E-114."};
static const char *const causes[] = {"Wear", "Lack of lubrication", "Contamination", "Overload", "Wrong setting",
                                     "Material fatigue", "Moisture", "Unknown"};
static const char *const priorities[] = {"Low", "Medium", "Medium", "Medium", "High", "High", "Critical"};
static const char *const pm_types[] = {"Monthly", "Monthly", "Monthly", "Six Month", "Annual"};
static const char *const suppliers[] = {"SKF", "Festo", "Bosch Rexroth", "Siemens", "Parker Hannifin", "W\xC3\xBCrth",
                                        "Grainger", "RS Components", "O'Hara & Sons"};
static const char *const parts[] = {
    "Deep groove ball bearing 6205-2RS", "V-belt SPA 1250", "Hydraulic hose DN12", "O-ring 40x3 NBR",
    "Contactor 24 V DC", "Fuse 10 A gG", "Proximity switch M12", "Grease cartridge 400 g",
    "Filter element 10 \xC2\xB5m", "Shaft seal 35x52x7", "Limit switch roller lever", "Pressure gauge 0-16 bar",
    "Cable gland M20", "Roller chain 08B-1", "Gear oil ISO VG 220", "Pneumatic cylinder 50x100",
    "Emergency stop button", "LED tube 1500 mm", "Hex bolt M12x60 8.8", "Coupling spider 28"};
static const char *const systems[] = {"Hydraulics", "Pneumatics", "Electrical", "Mechanical", "Lubrication", "HVAC"};

#endif
