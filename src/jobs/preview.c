/*
 * preview.c: one preview, step by step: the file, whose it is, the live database (preview_live.c), what the server
 * lacks of what the archive names.
 */
#include "jobs/preview.h"

#include "base/mem.h"
#include "preview_private.h"

void preview_init(Preview *preview)
{
    *preview = (Preview){.backup_rows = -1, .backup_objects = -1, .live_bytes = -1, .live_objects = -1};
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(texts[i]);
    }
    mem_free(texts);
}

void preview_release(Preview *preview)
{
    for (size_t i = 0; i < preview->table_count; i++) {
        PreviewTable *table = &preview->tables[i];
        for (size_t r = 0; r < table->newest_count; r++) {
            mem_free(table->newest[r].id);
            mem_free(table->newest[r].time);
        }
        mem_free(table->schema);
        mem_free(table->name);
        mem_free(table->words);
    }
    mem_free(preview->tables);
    mem_free(preview->file);
    mem_free(preview->source);
    mem_free(preview->server_version);
    mem_free(preview->database);
    mem_free(preview->where);
    mem_free(preview->live_version);
    free_texts(preview->left_out, preview->left_out_count);
    free_texts(preview->obstacles, preview->obstacle_count);
    free_texts(preview->acts, preview->act_count);
    preview_init(preview);
}

bool preview_run(const char *path, const PreviewSpec *spec, const JobSink *sink, const Cancel *cancel,
                 Preview *preview, Error *err)
{
    (void)path, (void)spec, (void)sink, (void)cancel, (void)preview;
    return error_set(err, EK_INTERNAL, "the preview is not there yet");
}
