/*
 * report_page.c: the report as a page of A4. The charts are SVG in the page itself, drawn with whole numbers, so that
 * no locale's comma gets into them. What a day was is told by a shape as well as by a colour.
 */
#include "schedule/report.h"

#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "jobs/page.h"
#include "platform/clock.h"
#include "version.h"

#define BACKUPS_SHOWN 100
#define MB (1024.0 * 1024.0)

static const char style[] =
    ".band { font-size: 13pt; font-weight: 600; padding: 3mm 4mm; border: 0.5mm solid; margin: 2mm 0 3mm; }\n"
    ".good { color: #1f6f3f; } .warning { color: #8a5a00; } .bad { color: #a3201d; }\n"
    ".facts th { width: 36mm; } text { font: 9px 'Segoe UI', sans-serif; fill: #333; }\n"
    ".legend { display: flex; flex-wrap: wrap; gap: 1mm 5mm; font-size: 8.5pt; } .legend svg { width: 4mm; }\n"
    ".legend span { display: flex; align-items: center; gap: 1.5mm; }\n";

/* Takes the text. */
static void row(StrBuf *page, const char *what, char *text)
{
    page_row(page, what, text);
    mem_free(text);
}

static void paragraph(StrBuf *page, const char *class_name, const char *text)
{
    strbuf_addf(page, "<p class=\"%s\">", class_name);
    page_text(page, text);
    strbuf_addstr(page, "</p>\n");
}

static void cell(StrBuf *page, const char *class_name, const char *text)
{
    strbuf_addf(page, "<td class=\"%s\">", class_name);
    page_name(page, text);
    strbuf_addstr(page, "</td>");
}

static void duration_cell(StrBuf *page, double seconds)
{
    char *text = seconds >= 0 ? page_duration(seconds) : NULL;
    cell(page, "number", text);
    mem_free(text);
}

static void size_cell(StrBuf *page, uint64_t bytes)
{
    char *text = bytes > 0 ? page_size(bytes) : NULL;
    cell(page, "number", text);
    mem_free(text);
}

/* --- how things stand ------------------------------------------------------------------------------------ */

/* Where health finds nothing wrong, but a fact is missing, or a backup cannot be read. Caller frees. */
static char *missing_text(const Protection *protection)
{
    size_t i = 0;
    while (i < FACT_COUNT && protection->facts[i].state != FACT_MISSING) {
        i++;
    }
    return mem_printf("Not protected: %s", i < FACT_COUNT           ? protection->facts[i].text
                                           : protection->unread ? protection->unread
                                                                : "it is not known why");
}

static void add_head(const Report *report, StrBuf *page)
{
    static const char *const classes[] = {"good", "warning", "bad"};
    char *made = clock_log_text(report->made);
    page_begin(page, "Health report: " CMMS_PRODUCT, style);
    strbuf_addstr(page, "<h1>Health of the backups</h1>\n<p>");
    page_name(page, report->source != NULL ? report->source : "No database is connected");
    strbuf_addstr(page, ". Backup folder: ");
    page_name(page, report->folder);
    strbuf_addf(page, ". As of %s.</p>\n", made);
    const bool holds = report->protection.holds, well = report->health.state == HEALTH_GOOD;
    strbuf_addf(page, "<div class=\"band %s\">%s ", classes[!holds && well ? HEALTH_WARNING : report->health.state],
                holds ? "&#10004;" : "&#10008;");
    char *text = holds || !well ? mem_strdup(report->health.text) : missing_text(&report->protection);
    page_text(page, text);
    mem_free(text);
    strbuf_addstr(page, "</div>\n");
    mem_free(made);
}

static void add_facts(const Report *report, StrBuf *page)
{
    static const char *const titles[] = {"Schedule", "Verified", "Off-site", "Proof"};
    static const char *const signs[] = {"&#10004; ", "&#10008; ", "&#8211; "};
    static const char *const classes[] = {"good", "bad", ""};
    strbuf_addstr(page, "<table class=\"facts\">\n");
    for (size_t i = 0; i < FACT_COUNT; i++) {
        const ProtectionFact *fact = &report->protection.facts[i];
        strbuf_addf(page, "<tr><th scope=\"row\" class=\"%s\">%s%s</th><td>", classes[fact->state], signs[fact->state],
                    titles[i]);
        page_name(page, fact->text);
        if (fact->state == FACT_MISSING && fact->mend != NULL) {
            strbuf_addstr(page, "<br>");
            page_text(page, fact->mend);
        }
        strbuf_addstr(page, "</td></tr>\n");
    }
    strbuf_addstr(page, "</table>\n");
}

static char *restore_text(const Report *report)
{
    if (report->measured_when == NULL && report->log_problem != NULL) {
        return mem_strdup("not known: the log cannot tell");
    }
    if (report->measured_when == NULL) {
        return mem_strdup("not known: no backup was proven or restored in the last year");
    }
    char *took = page_duration(report->measured_seconds), *size = page_size(report->measured_bytes);
    const char *what = report->by_restore ? "restore" : "proof";
    char *text;
    if (report->restore_seconds < 0) {
        text = mem_printf("the last %s, of %s, took %s (%s)", what, report->measured_when, took, size);
    } else {
        char *about = page_duration(report->restore_seconds);
        text = mem_printf("about %s for the newest good backup, by the last %s, of %s: %s for %s", about, what,
                          report->measured_when, took, size);
        mem_free(about);
    }
    mem_free(size);
    mem_free(took);
    return text;
}

static char *log_text(const Report *report)
{
    return report->log_problem != NULL
               ? mem_printf("it %s: %s", report->log_broken ? "does not hold" : "could not be checked",
                            report->log_problem)
               : mem_printf("%s entries follow from one another", number_text((int64_t)report->log_entries).text);
}

/* Of SharePoint alone: what was exported to a disk, or went with the folder itself, is recorded nowhere. */
static char *copies_text(const Report *report)
{
    return report->copies_known
               ? mem_printf("%zu without a copy on SharePoint, %zu with one; %zu there alone; %zu wait for their copy",
                            report->here, report->both, report->there, report->waiting)
               : mem_strdup("not known: the record of the copies on SharePoint could not be read");
}

static void add_figures(const Report *report, StrBuf *page)
{
    strbuf_addstr(page, "<h2>At a glance</h2>\n<table class=\"facts\">\n");
    if (report->last_good != NULL) {
        char *when = clock_log_text(report->last_good_at);
        row(page, "Last good backup", mem_printf("%s: %s", when, report->last_good));
        mem_free(when);
    } else {
        page_row(page, "Last good backup", "there is none");
    }
    const char *next = report->next_text != NULL ? report->next_text : "none is scheduled";
    row(page, "Next backup",
        report->waits != NULL ? mem_printf("one waits: %s; the next: %s", report->waits, next) : mem_strdup(next));
    row(page, "A restore takes", restore_text(report));
    row(page, "Copies", copies_text(report));
    row(page, "Log", log_text(report));
    strbuf_addstr(page, "</table>\n");
    if (report->measured_when != NULL && !report->by_restore) {
        paragraph(page, "small", "A proof runs on this PC. A restore makes a safety backup first and sends everything "
                                 "to the server, so it takes longer.");
    }
    if (report->sources > 1) {
        char *text = mem_printf("The folder holds backups of %zu databases; what follows counts all of them.",
                                report->sources);
        paragraph(page, "small", text);
        mem_free(text);
    }
    for (size_t i = 0; i < report->notice_count; i++) {
        paragraph(page, "warning", report->notices[i]);
    }
}

/* --- the calendar ---------------------------------------------------------------------------------------- */

#define CELL 12 /* and a gap of 2 */
#define STEP 14
#define LEFT 28 /* the names of the days */
#define TOP  14 /* and of the months */

static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Full: good. Half: weak. A cross: failed. A bar: missed. Empty: nothing. A dot in it: a proof went well; a frame
 * around it: a restore. */
static void add_mark(StrBuf *page, int x, int y, DayState state, bool proof, bool restore)
{
    static const char *const fills[] = {"#f4f4f4", "#2e8b57", "#f4f4f4", "#c0392b", "#ffffff"};
    static const char *const frames[] = {"#cfcfcf", "#1f6f3f", "#b07a00", "#8e1b12", "#c0392b"};
    strbuf_addf(page, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"%s\"/>", x, y, CELL,
                CELL, fills[state], frames[state]);
    if (state == DAY_WEAK) {
        strbuf_addf(page, "<path d=\"M%d %dh%dv-%dz\" fill=\"#d99a1c\"/>", x, y + CELL, CELL, CELL);
    } else if (state == DAY_FAILED) {
        strbuf_addf(page, "<path d=\"M%d %dl6 6m0-6l-6 6\" stroke=\"#ffffff\" stroke-width=\"2\"/>", x + 3, y + 3);
    } else if (state == DAY_MISSED) {
        strbuf_addf(page, "<path d=\"M%d %dh8\" stroke=\"#c0392b\" stroke-width=\"3\"/>", x + 2, y + 6);
    }
    if (proof) {
        strbuf_addf(page, "<circle cx=\"%d\" cy=\"%d\" r=\"3\" fill=\"#ffffff\" stroke=\"#111111\"/>", x + 6, y + 6);
    }
    if (restore) {
        strbuf_addf(page, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#1d4fa3\" "
                          "stroke-width=\"2\"/>", x, y, CELL, CELL);
    }
}

static void add_count(StrBuf *page, unsigned count, const char *what)
{
    if (count > 0) {
        strbuf_addf(page, ", %u %s", count, what);
    }
}

static void add_day(const ReportDay *day, int x, int y, StrBuf *page)
{
    CivilTime t;
    clock_date(day->day, &t);
    strbuf_addf(page, "<g><title>%04d-%02d-%02d", t.year, t.month, t.day);
    add_count(page, day->good, "good");
    add_count(page, day->weak, "not verified");
    add_count(page, day->failed, "failed");
    add_count(page, day->missed, "missed");
    add_count(page, day->proofs, "proven");
    add_count(page, day->restores, "restored");
    const bool empty = day->state == DAY_NOTHING && day->proofs + day->restores == 0;
    strbuf_addstr(page, empty ? ", nothing</title>" : "</title>");
    add_mark(page, x, y, day->state, day->proofs > 0, day->restores > 0);
    strbuf_addstr(page, "</g>\n");
}

/* A week is a column, from Monday to Sunday. */
static void add_calendar(const Report *report, StrBuf *page)
{
    static const char *const names[] = {"Mon", "Wed", "Fri", "Sun"};
    CivilTime first;
    clock_date(report->days[0].day, &first);
    const int offset = (first.weekday + 6) % 7, weeks = (offset + REPORT_DAYS + 6) / 7;
    strbuf_addf(page, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"A calendar of the last year\">\n",
                LEFT + weeks * STEP, TOP + 7 * STEP);
    for (int i = 0; i < 4; i++) {
        strbuf_addf(page, "<text x=\"0\" y=\"%d\">%s</text>\n", TOP + 2 * i * STEP + 10, names[i]);
    }
    for (int i = 0; i < REPORT_DAYS; i++) {
        const int place = offset + i, x = LEFT + place / 7 * STEP, y = TOP + place % 7 * STEP;
        CivilTime t;
        clock_date(report->days[i].day, &t);
        if (t.day == 1) {
            strbuf_addf(page, "<text x=\"%d\" y=\"9\">%s</text>\n", x, month_names[t.month - 1]);
        }
        add_day(&report->days[i], x, y, page);
    }
    strbuf_addstr(page, "</svg>\n");
}

static void add_legend(const Report *report, StrBuf *page)
{
    static const char *const words[] = {"nothing recorded", "a verified backup", "made, not verified", "failed",
                                        "missed"};
    static const DayState order[] = {DAY_GOOD, DAY_WEAK, DAY_FAILED, DAY_MISSED, DAY_NOTHING};
    strbuf_addstr(page, "<div class=\"legend\">\n");
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        strbuf_addstr(page, "<span><svg viewBox=\"-1 -1 14 14\">");
        add_mark(page, 0, 0, order[i], false, false);
        strbuf_addf(page, "</svg>%s: %u days</span>\n", words[order[i]], report->state_days[order[i]]);
    }
    strbuf_addstr(page, "<span><svg viewBox=\"-1 -1 14 14\">");
    add_mark(page, 0, 0, DAY_GOOD, true, false);
    strbuf_addf(page, "</svg>proven: %zu times</span>\n<span><svg viewBox=\"-1 -1 14 14\">", report->proofs.total);
    add_mark(page, 0, 0, DAY_GOOD, false, true);
    strbuf_addf(page, "</svg>restored: %zu times</span>\n</div>\n", report->restores.total);
}

/* --- trends ---------------------------------------------------------------------------------------------- */

#define PLOT_LEFT   64
#define PLOT_WIDTH  640
#define PLOT_TOP    8
#define PLOT_HEIGHT 110
#define DOTS_MAX    80 /* more would be a smear */

static double size_of(const ReportPoint *point)
{
    return point->bytes > 0 ? (double)point->bytes / MB : -1;
}

static double duration_of(const ReportPoint *point)
{
    return point->seconds;
}

static char *size_label(double value)
{
    return value >= 10 ? mem_printf("%.0f MB", value) : mem_printf("%.2f MB", value);
}

/* 1, 2 or 5 times a power of ten, and no less than the value. */
static double ceiling_of(double value)
{
    static const double steps[] = {1, 2, 5, 10};
    double power = 1;
    while (power > value && power > 1e-6) {
        power /= 10;
    }
    while (power * 10 <= value) {
        power *= 10;
    }
    size_t i = 0;
    while (i < 3 && power * steps[i] < value) {
        i++;
    }
    return power * steps[i];
}

typedef struct Plot {
    const Report *report;
    double (*value)(const ReportPoint *point); /* < 0: it has none */
    double top;    /* of the axis */
    size_t count;  /* points that have a value */
    int64_t from, to;
} Plot;

static int plot_x(const Plot *plot, int64_t when)
{
    const double part = (double)(when - plot->from) / (double)(plot->to - plot->from);
    return PLOT_LEFT + (int)(PLOT_WIDTH * (part < 0 ? 0 : part > 1 ? 1 : part));
}

static int plot_y(const Plot *plot, double value)
{
    return PLOT_TOP + PLOT_HEIGHT - (int)(PLOT_HEIGHT * (value / plot->top));
}

static void add_axes(const Plot *plot, char *(*label)(double value), StrBuf *page)
{
    for (int i = 0; i <= 2; i++) {
        char *text = label(plot->top * i / 2);
        const int y = plot_y(plot, plot->top * i / 2);
        strbuf_addf(page, "<path d=\"M%d %dh%d\" stroke=\"#cccccc\"/><text x=\"%d\" y=\"%d\" text-anchor=\"end\">",
                    PLOT_LEFT, y, PLOT_WIDTH, PLOT_LEFT - 5, y + 3);
        page_text(page, text);
        strbuf_addstr(page, "</text>\n");
        mem_free(text);
    }
    for (int i = 0; i < REPORT_DAYS; i++) {
        CivilTime t;
        clock_date(plot->report->days[i].day, &t);
        if (t.day == 1) {
            strbuf_addf(page, "<text x=\"%d\" y=\"%d\">%s</text>\n", PLOT_LEFT + PLOT_WIDTH * i / REPORT_DAYS,
                        PLOT_TOP + PLOT_HEIGHT + 13, month_names[t.month - 1]);
        }
    }
}

static void add_line(const Plot *plot, StrBuf *page)
{
    const Report *report = plot->report;
    strbuf_addstr(page, "<polyline fill=\"none\" stroke=\"#1d4fa3\" stroke-width=\"1.5\" points=\"");
    for (size_t i = 0; i < report->point_count; i++) {
        const double value = plot->value(&report->points[i]);
        if (value >= 0) {
            strbuf_addf(page, "%d,%d ", plot_x(plot, report->points[i].when), plot_y(plot, value));
        }
    }
    strbuf_addstr(page, "\"/>\n");
    for (size_t i = 0; i < report->point_count && plot->count <= DOTS_MAX; i++) {
        const double value = plot->value(&report->points[i]);
        if (value >= 0) {
            strbuf_addf(page, "<circle cx=\"%d\" cy=\"%d\" r=\"2\" fill=\"#1d4fa3\"/>\n",
                        plot_x(plot, report->points[i].when), plot_y(plot, value));
        }
    }
}

static void add_trend(const Report *report, const char *title, double (*value)(const ReportPoint *point),
                      char *(*label)(double value), StrBuf *page)
{
    /* Without a zone: a point lies within a day of where its month is written. */
    Plot plot = {.report = report, .value = value, .from = report->made - (int64_t)REPORT_DAYS * 86400,
                 .to = report->made};
    double highest = 0;
    for (size_t i = 0; i < report->point_count; i++) {
        const double one = value(&report->points[i]);
        highest = one > highest ? one : highest;
        plot.count += one >= 0 ? 1 : 0;
    }
    strbuf_addf(page, "<h2>%s</h2>\n", title);
    if (plot.count == 0) {
        paragraph(page, "small", "Nothing is recorded in the last year.");
        return;
    }
    plot.top = ceiling_of(highest);
    strbuf_addf(page, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", PLOT_LEFT + PLOT_WIDTH + 8,
                PLOT_TOP + PLOT_HEIGHT + 18, title);
    add_axes(&plot, label, page);
    add_line(&plot, page);
    strbuf_addstr(page, "</svg>\n");
}

/* --- tables ---------------------------------------------------------------------------------------------- */

static void add_events(const Report *report, const ReportEvents *events, const char *title, const char *none,
                       StrBuf *page)
{
    const bool failures = events == &report->failures;
    strbuf_addf(page, "<h2>%s</h2>\n", title);
    if (events->count == 0 && report->log_problem != NULL) {
        char *text = mem_printf("The log cannot tell: %s", report->log_problem);
        paragraph(page, "small", text);
        mem_free(text);
        return;
    }
    if (events->count == 0) {
        paragraph(page, "small", none);
        return;
    }
    strbuf_addstr(page, failures ? "<table>\n<tr><th>When</th><th>What</th><th>File</th><th>Why</th></tr>\n"
                                 : "<table>\n<tr><th>When</th><th>File</th><th class=\"number\">Size</th>"
                                   "<th class=\"number\">Took</th><th>What came of it</th></tr>\n");
    for (size_t i = 0; i < events->count; i++) {
        const ReportEvent *event = &events->items[i];
        strbuf_addstr(page, "<tr>");
        cell(page, "", event->when);
        if (failures) {
            cell(page, "", event->operation);
        }
        cell(page, "", event->file);
        if (!failures) {
            size_cell(page, event->bytes);
            duration_cell(page, event->seconds);
        }
        cell(page, "", event->text);
        strbuf_addstr(page, "</tr>\n");
    }
    strbuf_addstr(page, "</table>\n");
    if (events->total > events->count) {
        char *more = mem_printf("And %zu more in the last year; the log has them.", events->total - events->count);
        paragraph(page, "small", more);
        mem_free(more);
    }
}

static char *leaves_text(const Report *report, const ReportBackup *backup)
{
    if (backup->leaves == 0) {
        return mem_printf("stays: %s", backup->reason);
    }
    if (backup->leaves <= report->made) {
        return mem_printf("at the next clean-up: %s", backup->reason);
    }
    char *when = clock_log_text(backup->leaves);
    char *text = mem_printf("from %.10s", when);
    mem_free(when);
    return text;
}

static void add_backup(const Report *report, const ReportBackup *backup, StrBuf *page)
{
    char *created = clock_log_text(backup->created), *leaves = leaves_text(report, backup);
    char *level = mem_printf("%s%s", level_name(backup->level), backup->pinned ? ", pinned" : "");
    strbuf_addstr(page, "<tr>");
    cell(page, "", created);
    cell(page, "", backup->name);
    size_cell(page, backup->bytes);
    duration_cell(page, backup->seconds);
    cell(page, "", level);
    cell(page, "", backup->offsite ? "here and off-site" : backup->waiting ? "here; its copy waits" : "here");
    cell(page, "", leaves);
    strbuf_addstr(page, "</tr>\n");
    mem_free(level);
    mem_free(leaves);
    mem_free(created);
}

static void add_backups(const Report *report, StrBuf *page)
{
    strbuf_addstr(page, "<h2>What is there, and when it goes</h2>\n");
    if (report->frozen != NULL) {
        char *text = mem_printf("No old backup is removed: %s", report->frozen);
        paragraph(page, "warning", text);
        mem_free(text);
    }
    if (report->backup_count == 0) {
        paragraph(page, "small", "There is no backup in the folder.");
        return;
    }
    strbuf_addstr(page, "<table>\n<tr><th>Made</th><th>File</th><th class=\"number\">Size</th><th class=\"number\">Took"
                        "</th><th>Level</th><th>Copies</th><th>Goes</th></tr>\n");
    for (size_t i = 0; i < report->backup_count && i < BACKUPS_SHOWN; i++) {
        add_backup(report, &report->backups[i], page);
    }
    strbuf_addstr(page, "</table>\n");
    if (report->backup_count > BACKUPS_SHOWN) {
        char *more = mem_printf("And %zu older ones.", report->backup_count - BACKUPS_SHOWN);
        paragraph(page, "small", more);
        mem_free(more);
    }
}

void report_page(const Report *report, StrBuf *page)
{
    add_head(report, page);
    add_facts(report, page);
    add_figures(report, page);
    strbuf_addstr(page, "<h2>The last year, day by day</h2>\n");
    add_calendar(report, page);
    add_legend(report, page);
    add_trend(report, "Size of the backups", size_of, size_label, page);
    add_trend(report, "How long they took", duration_of, page_duration, page);
    add_events(report, &report->proofs, "Proofs", "No backup was proven in the last year.", page);
    add_events(report, &report->restores, "Restores", "Nothing was restored in the last year.", page);
    add_events(report, &report->failures, "Failures", "Nothing has failed in the last year, as far as the log has it.",
               page);
    add_backups(report, page);
    strbuf_addstr(page, "<p class=\"small\">Made by " CMMS_PRODUCT " " CMMS_VERSION " of what the folder's log, "
                        "manifests and schedule have recorded; no server was asked.</p>\n");
    page_end(page);
}
