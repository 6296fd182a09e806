#include "engine/residence.h"

#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tipring_engine.h"

static int map(tr_memory *memory, size_t size, size_t guard)
{
    char *base = mmap(NULL, guard + size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (base == MAP_FAILED)
        return TR_ENOMEM;
    *memory = (tr_memory){base + guard, size, guard};
    return guard == 0 || mprotect(base, guard, PROT_NONE) == 0 ? 0 : TR_ENOMEM;
}

int tr_memory_map(tr_memory *memory, size_t size) { return map(memory, size, 0); }

/* pthread_attr_setstack makes no guard of its own. A page may be 16 KiB (Raspberry Pi 5). */
int tr_memory_map_stack(tr_memory *memory, size_t size)
{
    return map(memory, size, (size_t)sysconf(_SC_PAGESIZE));
}

void tr_memory_unmap(tr_memory *memory)
{
    if (memory->base)
        munmap((char *)memory->base - memory->guard, memory->guard + memory->size);
    memory->base = NULL;
}

int tr_memory_lock(const tr_memory *memory) { return mlock(memory->base, memory->size); }

static bool holds(const struct dl_phdr_info *object, uintptr_t address)
{
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const uintptr_t start = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
        if (object->dlpi_phdr[i].p_type == PT_LOAD && address >= start &&
            address - start < object->dlpi_phdr[i].p_memsz)
            return true;
    }
    return false;
}

/* Stops at the object that is looked for, with 1 when all of it is locked and -1 when not. */
static int lock_object(struct dl_phdr_info *object, size_t size, void *within)
{
    (void)size;
    if (!holds(object, (uintptr_t)within))
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD &&
            mlock((const void *)(object->dlpi_addr + part->p_vaddr), part->p_memsz) < 0)
            return -1;
    }
    return 1;
}

int tr_library_lock(const void *within)
{
    return dl_iterate_phdr(lock_object, (void *)within) < 0 ? -1 : 0;
}
